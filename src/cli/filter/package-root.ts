import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package. */
export const packageRoot = fileURLToPath(new URL('../../..', import.meta.url)).replace(/[/\\]$/, '')

/** Whether code in that folder finds the package by its name, as Node looks for it. */
export const resolvesPackage = (folder: string): boolean => {
  try {
    createRequire(path.join(folder, 'any.js')).resolve('fairway/package.json')
    return true
  } catch {
    return false
  }
}
