import { write } from 'node:fs'
import type { ExchangeRecord } from '../filter/record.ts'
import { formatAccessLine, type AccessLogFormat } from './access-line.ts'
import { decisionFields } from './decisions/decision-fields.ts'

export interface AccessLogOptions {
  readonly format: AccessLogFormat
  /** Which records get a line; default all of them. */
  readonly lines?: 'all' | 'decisions'
  /** Whose line tells what AuthorizationPolicies decided (`createDecisionChoice`); default none. */
  readonly tellsDecision?: (record: ExchangeRecord) => boolean
  /** Takes whole lines; resolves when it can take more, and must not throw. See `createFileWriter`. */
  readonly write: (lines: string) => Promise<void>
  /** Characters that may wait; lines beyond are dropped and counted. Default 4 MiB. */
  readonly maxWaiting?: number
}

export interface AccessLog {
  readonly record: (record: ExchangeRecord) => void
  /** Lines dropped because the reader was too slow, or writing failed. */
  readonly dropped: () => number
  /** Resolves when everything recorded so far is written. */
  readonly flush: () => Promise<void>
}

/**
 * One line per exchange, written in batches: all lines of a turn of the loop go out in one write, one write at a time.
 * It never makes an exchange wait: a reader that is too slow loses lines, and the loss is counted.
 */
export const createAccessLog = (options: AccessLogOptions): AccessLog => {
  const { format, lines: wanted = 'all', tellsDecision = () => false, maxWaiting = 4 * 1024 * 1024 } = options
  let waiting: string[] = []
  let waitingChars = 0
  let dropped = 0
  let writing: Promise<void> | undefined
  let isScheduled = false

  const start = (): void => {
    isScheduled = false
    if (writing === undefined && waiting.length > 0) writing = drain()
  }

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      waitingChars = 0
      try {
        await options.write(lines.join(''))
      } catch {
        // Where the log goes cannot be logged; the counter tells.
        dropped += lines.length
      }
    }
    writing = undefined
  }

  return {
    record: (record) => {
      const decision = tellsDecision(record) ? decisionFields(record) : undefined
      if (decision === undefined && wanted === 'decisions') return
      const line = formatAccessLine(record, format, decision)
      if (waitingChars + line.length > maxWaiting) {
        dropped++
        return
      }
      waiting.push(line)
      waitingChars += line.length
      if (isScheduled || writing !== undefined) return
      isScheduled = true
      setImmediate(start)
    },
    dropped: () => dropped,
    flush: async () => {
      start()
      await writing
    },
  }
}

/** How long to wait when a pipe without blocking mode is full. */
const RETRY_MS = 20

/**
 * Writes to a file descriptor without ever blocking the loop: `process.stdout` writes to pipes synchronously on Linux,
 * so a reader that stops (a stuck log collector) would stop the proxy. Rejects with the system's error.
 */
export const createFileWriter =
  (fd: number): ((text: string) => Promise<void>) =>
  async (text) => {
    let rest = Buffer.from(text, 'utf8')
    while (rest.length > 0) rest = rest.subarray(await writeSome(fd, rest))
  }

const writeSome = (fd: number, bytes: Buffer): Promise<number> =>
  new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null) return resolve(written)
      if (error.code === 'EAGAIN') return void setTimeout(() => resolve(0), RETRY_MS)
      return reject(error)
    })
  })
