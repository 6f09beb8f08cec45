import { lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** What the files below `folder` take, in bytes; a file's own length for a file, nothing where nothing is. */
export const sizeOf = (folder: string): number => {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (stat === undefined) return 0
  if (!stat.isDirectory()) return stat.isFile() ? stat.size : 0
  return readdirSync(folder).reduce((sum, name) => sum + sizeOf(path.join(folder, name)), 0)
}

/** A table of the parts of the image below `out`; `application` is the program's folder in it. */
export const formatSizes = (out: string, application: string): string => {
  const inApplication = (name: string): number => sizeOf(path.join(out, application, name))
  const rows: readonly (readonly [string, number])[] = [
    ['Node', sizeOf(path.join(out, 'usr/local'))],
    ['program', inApplication('src') + inApplication('filters')],
    ['packages', inApplication('node_modules') - inApplication('node_modules/.cache')],
    ['compile cache', inApplication('node_modules/.cache')],
    ['all', sizeOf(out)],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, size]) => `${name.padEnd(width)}  ${(size / 1e6).toFixed(1).padStart(6)} MB\n`).join('')
}
