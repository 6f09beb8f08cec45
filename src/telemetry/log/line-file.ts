import { close, constants, fstat, open, stat, write, type Stats } from 'node:fs'
import { promisify } from 'node:util'

/** How long to wait when a pipe is full. */
const RETRY_MS = 20
/** How often it is looked for whether somebody has put another file in the place of ours. */
const LOOK_MS = 1000
/** What of a pipe is written whole, or not at all (PIPE_BUF): lines of several processes do not run into each other. */
const WHOLE_BYTES = 4096

const NEW_LINE = 10

const STANDARD: ReadonlyMap<string, number> = new Map([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
])

interface OpenFile {
  readonly fd: number
  readonly isPipe: boolean
  /** Undefined for one that stays, whatever happens to names. */
  readonly identity: Identity | undefined
}

type Identity = Pick<Stats, 'dev' | 'ino'>

const openFile = promisify(open)
const closeFile = promisify(close)
const statFd = promisify(fstat)
const statPath = promisify(stat)

/** Why not all could be written, and how many bytes of it were. */
export class WriteError extends Error {
  override readonly name = 'WriteError'
  readonly writtenBytes: number

  constructor(cause: unknown, writtenBytes: number) {
    super(`written are ${writtenBytes} bytes: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.writtenBytes = writtenBytes
  }
}

/** Never waits for somebody to read: a pipe that is full says so. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK

/**
 * Writes to a file without ever blocking the loop, or a thread of Node: `process.stdout` writes to pipes synchronously on
 * Linux, so a reader that stops (a stuck log collector) would stop the proxy. A file that was renamed or removed is
 * opened anew within a second, so that logrotate needs no signal. The result rejects with a `WriteError` when it fails on
 * the way, with the system's error when the file cannot be opened; the next call tries again.
 */
export const openLineFile = (
  path: string,
  // Not the time of day, which somebody may set back.
  now: () => number = () => performance.now(),
): ((text: string) => Promise<void>) => {
  let file: OpenFile | undefined
  /** A disk that filled up has left a part of a line, behind which no other may begin. */
  let isBroken = false
  let lookedAtMs = Number.NEGATIVE_INFINITY
  const current = async (): Promise<OpenFile> => {
    const isDue = now() - lookedAtMs >= LOOK_MS
    if (file !== undefined && (!isDue || (await isStill(file, path)))) {
      if (isDue) lookedAtMs = now()
      return file
    }
    const old = file
    file = undefined
    if (old !== undefined && old.identity !== undefined) await closeFile(old.fd)
    file = await openPath(path)
    isBroken = false
    lookedAtMs = now()
    return file
  }
  return async (text) => {
    const { fd, isPipe } = await current()
    const start = isBroken ? '\n' : ''
    const bytes = Buffer.from(start + text, 'utf8')
    let written = 0
    try {
      for (const piece of isPipe ? splitLines(bytes) : [bytes]) {
        let rest = piece
        while (rest.length > 0) {
          const count = await writeSome(fd, rest)
          if (count > 0) isBroken = rest[count - 1] !== NEW_LINE
          written += count
          rest = rest.subarray(count)
        }
      }
    } catch (error) {
      throw new WriteError(error, Math.max(0, written - start.length))
    }
  }
}

const openPath = async (path: string): Promise<OpenFile> => {
  const fd = STANDARD.get(path)
  if (fd !== undefined) return openStandard(fd)
  const opened = await openFile(path, FLAGS | constants.O_CREAT, 0o644)
  const stats = await statFd(opened)
  return { fd: opened, isPipe: stats.isFIFO(), identity: stats }
}

/** A pipe is opened once more, so that only our side of it does not wait: others may have the same one. */
const openStandard = async (fd: number): Promise<OpenFile> => {
  const stats = await statFd(fd)
  if (!stats.isFIFO()) return { fd, isPipe: false, identity: undefined }
  try {
    return { fd: await openFile(`/proc/self/fd/${fd}`, FLAGS), isPipe: true, identity: undefined }
  } catch {
    return { fd, isPipe: true, identity: undefined }
  }
}

const isStill = async ({ identity }: OpenFile, path: string): Promise<boolean> => {
  if (identity === undefined) return true
  try {
    const { dev, ino } = await statPath(path)
    return dev === identity.dev && ino === identity.ino
  } catch {
    return false
  }
}

/** Whole lines, as many as go at once. */
const splitLines = (bytes: Buffer): readonly Buffer[] => {
  const pieces: Buffer[] = []
  let from = 0
  while (bytes.length - from > WHOLE_BYTES) {
    const last = bytes.lastIndexOf(NEW_LINE, from + WHOLE_BYTES - 1)
    // A line that is longer goes as it may.
    const next = last >= from ? last : bytes.indexOf(NEW_LINE, from)
    const end = next === -1 ? bytes.length : next + 1
    pieces.push(bytes.subarray(from, end))
    from = end
  }
  if (from < bytes.length) pieces.push(bytes.subarray(from))
  return pieces
}

const writeSome = (fd: number, bytes: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null) return resolve(written)
      if (error.code === 'EAGAIN') return void setTimeout(() => resolve(0), RETRY_MS)
      return reject(error)
    })
  })
