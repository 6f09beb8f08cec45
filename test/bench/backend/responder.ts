import { RequestCounter } from './request-counter.ts'
import type { BackendCounts } from './plan.ts'

/** The header that the measured route adds; a proxy that leaves it out has not done the work. */
export const ADDED_HEADER = 'x-bench-route'

/** Answers every GET with the same bytes and keeps count. */
export interface Responder {
  /** For one connection or tunnel: how many answers to write for `buffer[from..end)`. */
  readonly accept: () => (buffer: Buffer, from: number, end: number) => number
  readonly answer: Buffer
  readonly takeCounts: () => BackendCounts
}

/** `bodyBytes` is the length of each answer's body. */
export const createResponder = (bodyBytes: number): Responder => {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${bodyBytes}\r\n\r\n`
  let requests = 0
  let withoutHeader = 0
  return {
    answer: Buffer.from(head + 'x'.repeat(bodyBytes), 'latin1'),
    accept: () => {
      const counter = new RequestCounter()
      let isFirst = true
      return (buffer, from, end) => {
        if (isFirst && !buffer.toString('latin1', from, end).toLowerCase().includes(`${ADDED_HEADER}:`)) withoutHeader++
        isFirst = false
        const count = counter.feed(buffer, from, end)
        requests += count
        return count
      }
    },
    takeCounts: () => {
      const counts = { requests, withoutHeader }
      requests = withoutHeader = 0
      return counts
    },
  }
}
