import type { H2Connection } from '../../../src/http/h2/connection.ts'
import { formatErrorCode } from '../../../src/http/h2/constants.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'
import { ignoreStream } from '../../../src/http/h2/stream.ts'
import type { Readers } from './lane.ts'
import type { ReaderPlan } from './plan.ts'
import { ResponseReader } from './response-reader.ts'

/** How often window is given back: at 10 MB/s that is 20 KB at a time. */
const PACE_MS = 2
/** Window goes back to the sender in halves of this. */
const STREAM_WINDOW_BYTES = 256 * 1024

interface Reader {
  /** Gives back what the pace allows by `nowMs`. */
  readonly pace: (nowMs: number) => void
  readonly bytes: () => number
}

/**
 * Tunnels on one connection that read an answer each, as an application would that takes so many bytes per second: what
 * was received keeps its window until its time has come. Nothing is opened before `read`.
 */
export const createReaders = (
  connection: H2Connection,
  plan: ReaderPlan & { readonly authority: string },
  onFailure: (why: string) => void,
): Readers => {
  const { promise: allDone, resolve } = Promise.withResolvers<void>()
  const readers: Reader[] = []
  let finished = 0
  let timer: NodeJS.Timeout | undefined
  const onDone = (): void => {
    finished++
    if (finished === plan.count) resolve()
  }
  return {
    read: () => {
      // Applications do not read in step with each other: else all of them would have their window back at once.
      const stepMs = (STREAM_WINDOW_BYTES / 2 / plan.bytesPerSecond / plan.count) * 1000
      const firstMs = performance.now()
      for (let i = 0; i < plan.count; i++) {
        readers.push(openReader(connection, { ...plan, startMs: firstMs + i * stepMs }, { onDone, onFailure }))
      }
      timer = setInterval(() => {
        const nowMs = performance.now()
        for (const reader of readers) reader.pace(nowMs)
      }, PACE_MS)
      return allDone
    },
    counts: () => ({ finished, bytes: readers.reduce((sum, reader) => sum + reader.bytes(), 0) }),
    stop: () => clearInterval(timer),
  }
}

const openReader = (
  connection: H2Connection,
  plan: ReaderPlan & { readonly authority: string; readonly startMs: number },
  owner: { readonly onDone: () => void; readonly onFailure: (why: string) => void },
): Reader => {
  let received = 0
  let credited = 0
  const response = new ResponseReader((status, bodyBytes) => {
    if (status === 200 && bodyBytes === plan.answerBytes) owner.onDone()
    else owner.onFailure(`a reader got status ${status} with ${bodyBytes} bytes`)
  }, owner.onFailure)
  const handler: StreamHandler = {
    ...ignoreStream,
    onHeaders: (fields) => {
      if (fields[1] === '200') connection.text(stream, plan.request)
      else owner.onFailure(`a reader's CONNECT was answered ${fields[1]}`)
    },
    onData: (buffer, start, end) => {
      received += end - start
      response.feed(buffer, start, end)
    },
    onEnd: () => owner.onFailure('the tunnel of a reader was ended'),
    onReset: (code) => owner.onFailure(`the tunnel of a reader was reset with ${formatErrorCode(code)}`),
  }
  const stream: H2Stream = connection.open([':method', 'CONNECT', ':authority', plan.authority], handler, false)
  return {
    bytes: () => received,
    pace: (nowMs) => {
      const due = Math.floor(((nowMs - plan.startMs) / 1000) * plan.bytesPerSecond)
      const bytes = Math.min(due, received) - credited
      if (bytes <= 0) return
      credited += bytes
      connection.consume(stream, bytes)
    },
  }
}
