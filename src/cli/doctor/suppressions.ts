import { nearestWord } from '../../lib/nearest.ts'
import { usageError } from '../arguments.ts'
import { codes } from './checks.ts'
import type { Suppression } from './run-checks.ts'

/** Reads `--suppress CODE` and `--suppress CODE=KIND/NAMESPACE/NAME`. Throws `CliError` (64) for codes that there are not. */
export const decodeSuppressions = (texts: readonly string[]): readonly Suppression[] =>
  texts.map((text) => {
    const [code = '', object, ...more] = text.split('=')
    requireCode(code)
    if (object === undefined) return { code, object }
    const parts = object.split('/')
    if (more.length === 0 && parts.length <= 3 && parts.length >= 2 && parts.every((part) => part !== '')) {
      return { code, object }
    }
    throw usageError(
      `--suppress ${JSON.stringify(text)} names no object`,
      'write KIND/NAME, or KIND/NAMESPACE/NAME, each part of which may be *',
    )
  })

/** Throws `CliError` (64) for a code that there is not, with the one that was probably meant. */
export const requireCode = (code: string): void => {
  if (codes.has(code)) return
  const near = nearestWord(code, codes.keys())
  throw usageError(
    `there is no code ${JSON.stringify(code)}`,
    near === undefined ? 'docs/reference/doctor-codes.md lists all of them' : `did you mean ${near}?`,
  )
}
