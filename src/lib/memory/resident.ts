/**
 * The memory that this process has in use, in bytes; `undefined` when nobody can say: a file tells it, and there may be no
 * descriptor left to open it.
 */
export const readResidentBytes = (read: () => number = () => process.memoryUsage.rss()): number | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}
