/** A frame of a stack trace that stands in a file: `at f (/filters/stamp.ts:3:7)`, `at /filters/stamp.ts:3:7`. */
const FRAME = /(?:\(|at )(?:file:\/\/)?(\/[^()]*?):(\d+):\d+\)?$/

/** The innermost place below `root` that an error's stack goes through: `lib/keys.ts:12`; `undefined` when none does. */
export const locateBelow = (root: string, error: unknown): string | undefined => {
  const stack = error instanceof Error ? error.stack : undefined
  if (stack === undefined) return undefined
  const folder = root.endsWith('/') ? root : `${root}/`
  for (const line of stack.split('\n')) {
    const [, file = '', at = ''] = FRAME.exec(line) ?? []
    if (file.startsWith(folder) && !file.includes('/node_modules/')) return `${file.slice(folder.length)}:${at}`
  }
  return undefined
}
