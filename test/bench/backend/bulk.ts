import type { H2Connection } from '../../../src/http/h2/connection.ts'
import type { H2Stream } from '../../../src/http/h2/stream.ts'

/** The path of a request for `bytes` of body. */
export const bulkPath = (bytes: number): string => `/api/bulk/${bytes}`

const START = 'GET /api/bulk/'
/** The byte that tells such a request from all others at a glance. */
const MARK_AT = 'GET /api/'.length
const MARK = 'b'.charCodeAt(0)
const PIECE = Buffer.alloc(64 * 1024, 'x')

/** How many bytes the request at `start` asks for; `undefined` if it is another one. */
export const readBulkRequest = (buffer: Buffer, start: number, end: number): number | undefined => {
  if (buffer[start + MARK_AT] !== MARK) return undefined
  const line = buffer.toString('latin1', start, Math.min(end, start + 64))
  if (!line.startsWith(START)) return undefined
  return Number.parseInt(line.slice(START.length), 10)
}

/** One long answer, sent as far as the tunnel takes it. */
export class BulkAnswer {
  readonly #connection: H2Connection
  readonly #stream: H2Stream
  #remaining: number

  constructor(connection: H2Connection, stream: H2Stream, bytes: number) {
    this.#connection = connection
    this.#stream = stream
    this.#remaining = bytes
    connection.text(stream, `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${bytes}\r\n\r\n`)
  }

  /** Goes on until something has to queue; to be called again when that is out. */
  send(): void {
    while (this.#remaining > 0 && !this.#stream.isClosed) {
      const bytes = Math.min(this.#remaining, PIECE.length)
      this.#remaining -= bytes
      if (!this.#connection.data(this.#stream, PIECE, 0, bytes)) return
    }
  }
}
