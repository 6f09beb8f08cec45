import { WriteError } from './line-file.ts'

/** Where lines go. */
export interface LineQueueOptions {
  /** Takes whole lines; resolves when it can take more, and must not throw. See `openLineFile`. */
  readonly write: (lines: string) => Promise<void>
  /** Characters that may wait; lines beyond are dropped and counted. Default 4 MiB. */
  readonly maxWaiting?: number
  /** Told of lines that were dropped; with the error when writing failed, without one when too many waited. */
  readonly onDropped?: (lines: number, error?: unknown) => void
}

/** Lines on their way to one place. */
export interface LineQueue {
  readonly push: (line: string) => void
  /** Lines dropped because the reader was too slow, or writing failed. */
  readonly dropped: () => number
  /** Resolves when everything pushed so far is written. */
  readonly flush: () => Promise<void>
}

/**
 * Writes lines in batches: all lines of a turn of the loop go out in one write, one write at a time. It never makes an
 * exchange wait: a reader that is too slow loses lines, and the loss is counted.
 */
export const createLineQueue = (options: LineQueueOptions): LineQueue => {
  const { write, maxWaiting = 4 * 1024 * 1024, onDropped = () => {} } = options
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
        await write(lines.join(''))
      } catch (error) {
        const lost = lines.length - (error instanceof WriteError ? countWhole(lines, error.writtenBytes) : 0)
        dropped += lost
        if (lost > 0) onDropped(lost, error)
      }
    }
    writing = undefined
  }

  return {
    push: (line) => {
      if (waitingChars + line.length > maxWaiting) {
        dropped++
        onDropped(1)
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

/** How many of the lines are there whole, of which so many bytes were written. */
const countWhole = (lines: readonly string[], writtenBytes: number): number => {
  let rest = writtenBytes
  const broken = lines.findIndex((line) => (rest -= Buffer.byteLength(line)) < 0)
  return broken === -1 ? lines.length : broken
}
