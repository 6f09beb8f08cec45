import { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib'
import type { Coding } from './choose-coding.ts'

type Compressor = ReturnType<typeof createBrotliCompress | typeof createGzip | typeof createZstdCompress>

/** Windows of brotli and zstd as powers of two: what they need in memory for one body stays below a megabyte. */
const WINDOW_BITS = { br: 18, zstd: 20 }

const create: Readonly<Record<Coding, (level: number | undefined) => Compressor>> = {
  gzip: (level = 6) => createGzip({ level }),
  br: (level = 4) =>
    createBrotliCompress({
      params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS.br },
    }),
  zstd: (level = 3) =>
    createZstdCompress({
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: WINDOW_BITS.zstd },
    }),
}

const flushes: Readonly<Record<Coding, number>> = {
  gzip: constants.Z_SYNC_FLUSH,
  br: constants.BROTLI_OPERATION_FLUSH,
  zstd: constants.ZSTD_e_flush,
}

/** One body that is compressed piece by piece, on the threads of Node's pool. */
export class Encoder {
  readonly #stream: Compressor
  readonly #flush: number
  #out: Buffer[] = []
  #settle: ((error?: Error) => void) | undefined

  constructor(coding: Coding, level: number | undefined) {
    this.#stream = create[coding](level)
    this.#flush = flushes[coding]
    this.#stream.on('data', (bytes: Buffer) => this.#out.push(bytes))
    this.#stream.on('error', (error) => this.#settle?.(error))
    this.#stream.on('end', () => this.#settle?.())
  }

  /** What has come out by the time that `bytes` are in; some may stay inside until more comes. */
  add(bytes: Buffer): Promise<Buffer> {
    return this.#until(() => this.#stream.write(bytes, () => this.#settle?.()))
  }

  /** The same, and nothing stays inside. */
  flush(bytes: Buffer): Promise<Buffer> {
    return this.#until(() => {
      this.#stream.write(bytes)
      this.#stream.flush(this.#flush, () => {
        // Has `data` told of what the stream still holds.
        this.#stream.read()
        this.#settle?.()
      })
    })
  }

  /** The rest of it. */
  end(bytes: Buffer): Promise<Buffer> {
    return this.#until(() => this.#stream.end(bytes))
  }

  /** Lets go of its memory, also in the middle of a body. */
  close(): void {
    this.#stream.destroy()
    this.#settle?.()
  }

  #until(start: () => void): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => {
        this.#settle = undefined
        const out = this.#out
        this.#out = []
        if (error === undefined) resolve(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out))
        else reject(error)
      }
      start()
    })
  }
}
