import { chmodSync, lstatSync, lutimesSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** As npm gives it to what it packs, when SOURCE_DATE_EPOCH says nothing. */
const DEFAULT_EPOCH = Date.UTC(1985, 9, 26, 8, 15) / 1000

/** The time of every file that is built, in seconds since 1970. Throws when SOURCE_DATE_EPOCH is no such number. */
export const sourceDateEpoch = (text = process.env['SOURCE_DATE_EPOCH']): number => {
  if (text === undefined || text === '') return DEFAULT_EPOCH
  if (!/^\d{1,12}$/.test(text)) {
    throw new Error(`SOURCE_DATE_EPOCH ${JSON.stringify(text)}: expected whole seconds since 1970, such as 1764000000`)
  }
  return Number(text)
}

/**
 * Gives everything below `folder`, and itself, modes and times that depend on nothing but the file: all may read it, the
 * owner may write, and what was executable is so for all. Symbolic links are not followed.
 */
export const settleTree = (folder: string, epoch = sourceDateEpoch()): void => {
  const stat = lstatSync(folder)
  if (stat.isDirectory()) for (const name of readdirSync(folder)) settleTree(path.join(folder, name), epoch)
  if (!stat.isSymbolicLink()) chmodSync(folder, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644)
  lutimesSync(folder, epoch, epoch)
}
