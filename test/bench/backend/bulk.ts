/** The path of a request for `bytes` of body. */
export const bulkPath = (bytes: number): string => `/api/bulk/${bytes}`

const START = 'GET /api/bulk/'
/** The byte that tells such a request from all others at a glance. */
const MARK_AT = 'GET /api/'.length
const MARK = 'b'.charCodeAt(0)

/** How many bytes the request at `start` asks for; `undefined` if it is another one. */
export const readBulkRequest = (buffer: Buffer, start: number, end: number): number | undefined => {
  if (buffer[start + MARK_AT] !== MARK) return undefined
  const line = buffer.toString('latin1', start, Math.min(end, start + 64))
  if (!line.startsWith(START)) return undefined
  return Number.parseInt(line.slice(START.length), 10)
}
