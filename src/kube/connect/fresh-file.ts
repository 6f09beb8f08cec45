import { readFile } from 'node:fs/promises'
import type { Clock } from '../../lib/clock.ts'
import { errorCode } from '../../lib/errors/error-code.ts'

/** A file's text, or why there is none. */
export type FileText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string }

/** As client-go has it: projected tokens are written anew long before they expire. */
const freshMs = 60_000

/** Makes what reads a file again after a minute, or at once when it has to be the newest. */
export const createFreshFile = (path: string, clock: Clock): ((isStale: boolean) => Promise<FileText>) => {
  let last: { readonly text: string; readonly readAtMs: number } | undefined
  return async (isStale) => {
    const nowMs = clock.monotonicMs()
    if (last !== undefined && !isStale && nowMs - last.readAtMs < freshMs) return { ok: true, text: last.text }
    const read = await readText(path)
    if (read.ok) last = { text: read.text, readAtMs: nowMs }
    // A volume that is being changed: what was there is good for a while.
    return !read.ok && last !== undefined && !isStale ? { ok: true, text: last.text } : read
  }
}

/** Reads a file without the white space around its text. */
export const readText = async (path: string): Promise<FileText> => {
  try {
    const text = (await readFile(path, 'utf8')).trim()
    return text === '' ? { ok: false, message: `${path} is empty` } : { ok: true, text }
  } catch (error) {
    return { ok: false, message: `${path} cannot be read: ${reasons[errorCode(error) ?? ''] ?? String(error)}` }
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
}
