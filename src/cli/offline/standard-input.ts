import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Terminal } from '../verb.ts'

/** As what files are read from; `stdin` in messages. */
const NAME = 'stdin.yaml'
const FOLDER = 'fairway-stdin-'

/**
 * Calls `use` with `-` among the files made one that has what came on standard input, and takes that away after it: places
 * of mistakes are found by reading files again.
 */
export const withStandardInput = async <T>(
  files: readonly string[],
  { input }: Pick<Terminal, 'input'>,
  use: (files: readonly string[]) => Promise<T>,
): Promise<T> => {
  if (!files.includes('-')) return use(files)
  const text = await input()
  const folder = mkdtempSync(join(tmpdir(), FOLDER))
  try {
    const file = join(folder, NAME)
    writeFileSync(file, text, { mode: 0o600 })
    return await use(files.map((path) => (path === '-' ? file : path)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Whether a file is what came on standard input. */
export const isStandardInput = (file: string): boolean => file.endsWith(`/${NAME}`) && file.includes(`/${FOLDER}`)
