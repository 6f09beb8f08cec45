import { RequestCounter } from './request-counter.ts'
import type { Tally } from './tally.ts'

/** The header that the measured route adds; a proxy that leaves it out has not done the work. */
export const ADDED_HEADER = 'x-bench-route'

/** Answers every GET with the same bytes and keeps count. */
export interface Responder {
  /** For one connection or tunnel: how many answers to write for `buffer[from..end)`. */
  readonly accept: () => (buffer: Buffer, from: number, end: number) => number
  readonly answer: Buffer
}

/** An answer with a body of so many bytes. */
export const formatAnswer = (bodyBytes: number): Buffer =>
  Buffer.from(formatAnswerHead(bodyBytes) + 'x'.repeat(bodyBytes), 'latin1')

/** The head of such an answer. */
export const formatAnswerHead = (bodyBytes: number): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${bodyBytes}\r\n\r\n`

/** Whether a request, or the first bytes of one, has the header, however the proxy writes its name. */
export const hasAddedHeader = (text: string): boolean => text.toLowerCase().includes(`${ADDED_HEADER}:`)

/** `bodyBytes` is the length of each answer's body. */
export const createResponder = (bodyBytes: number, tally: Tally): Responder => ({
  answer: formatAnswer(bodyBytes),
  accept: () => {
    const counter = new RequestCounter()
    let isFirst = true
    return (buffer, from, end) => {
      if (isFirst && !hasAddedHeader(buffer.toString('latin1', from, end))) tally.onMissingHeader()
      isFirst = false
      const count = counter.feed(buffer, from, end)
      tally.onRequests(count)
      return count
    }
  },
})
