import type { HeaderList } from '../../../src/http/header-list.ts'
import type { H1Limits } from '../../../src/http/h1/limits.ts'
import type { H1Failure, H1RequestHead, H1ResponseHead } from '../../../src/http/h1/message.ts'
import { H1RequestParser, H1ResponseParser } from '../../../src/http/h1/parser.ts'

/** What a parser told its handler; neighbouring pieces of a body are one event, so that splits compare equal. */
export type H1Event =
  | { readonly kind: 'request'; readonly head: H1RequestHead }
  | { readonly kind: 'informational' | 'response'; readonly head: H1ResponseHead }
  | { readonly kind: 'body'; text: string }
  | { readonly kind: 'end'; readonly trailers: readonly string[] | undefined }
  | { readonly kind: 'failure'; readonly code: H1Failure['code']; readonly status: number }

/** How a recording is made. */
export interface RecordOptions {
  /** Offsets at which the input is cut; default: none. */
  readonly cuts?: readonly number[]
  readonly limits?: H1Limits
  /** Responses only: methods of the requests they answer, in order; default: GET for as many as come. */
  readonly methods?: readonly string[]
}

/** The two parsers, as far as a recording needs them. */
interface Parser {
  feed(buffer: Buffer, start: number, end: number): number
  finish(): void
}

/** What the parser must never see: were it read, heads would end early and messages appear. */
const POISON = Buffer.from('\r\n\r\nGET /poison HTTP/1.1\r\nHost: poison\r\n\r\n0\r\n\r\n', 'latin1')

/** Feeds latin1 text as requests of one connection, to its end. */
export function recordRequests(text: string, options: RecordOptions = {}): readonly H1Event[] {
  const recorder = createRecorder()
  const parser = new H1RequestParser(
    { ...recorder.handler, onRequest: (head) => recorder.push({ kind: 'request', head }) },
    options.limits,
  )
  run(parser, text, options.cuts ?? [])
  return recorder.events
}

/** Feeds latin1 text as responses of one connection, to its end. */
export function recordResponses(text: string, options: RecordOptions = {}): readonly H1Event[] {
  const recorder = createRecorder()
  const methods = [...(options.methods ?? [])]
  let isDue = false
  const parser = new H1ResponseParser(
    {
      ...recorder.handler,
      onInformational: (head) => recorder.push({ kind: 'informational', head }),
      onResponse: (head) => recorder.push({ kind: 'response', head }),
      onEnd: (trailers) => {
        isDue = false
        recorder.handler.onEnd(trailers)
      },
    },
    options.limits,
  )
  const expectNext = (): void => {
    if (isDue || (options.methods !== undefined && methods.length === 0)) return
    isDue = true
    parser.expect(methods.shift() ?? 'GET')
  }
  if (options.methods !== undefined) expectNext()
  const feed = (buffer: Buffer, start: number, end: number): number => {
    expectNext()
    return parser.feed(buffer, start, end)
  }
  run({ feed, finish: () => parser.finish() }, text, options.cuts ?? [])
  return recorder.events
}

function createRecorder() {
  const events: H1Event[] = []
  const push = (event: H1Event): void => {
    if (events.at(-1)?.kind === 'failure') throw new Error(`${event.kind} after a failure`)
    events.push(event)
  }
  const handler = {
    onBody: (buffer: Buffer, start: number, end: number) => {
      if (start >= end) throw new Error('an empty body range')
      const text = buffer.toString('latin1', start, end)
      const last = events.at(-1)
      if (last?.kind === 'body') last.text += text
      else push({ kind: 'body', text })
    },
    onEnd: (trailers: HeaderList | undefined) => push({ kind: 'end', trailers: trailers?.fields }),
    onFailure: ({ code, status }: H1Failure) => push({ kind: 'failure', code, status }),
  }
  return { events, push, handler }
}

function run(parser: Parser, text: string, cuts: readonly number[]): void {
  let from = 0
  for (const to of [...cuts, text.length]) {
    // Each piece lies in a buffer of its own between other bytes, as in a pooled read. What follows is what is still to
    // come, the likeliest to be mistaken for it.
    const beyond = Buffer.from(text.slice(to, to + 64), 'latin1')
    const piece = Buffer.concat([POISON, Buffer.from(text.slice(from, to), 'latin1'), beyond, POISON])
    feedAll(parser, piece, POISON.length, POISON.length + to - from)
    piece.fill(0)
    from = to
  }
  parser.finish()
}

function feedAll(parser: Parser, piece: Buffer, start: number, end: number): void {
  let at = start
  while (at < end) {
    const next = parser.feed(piece, at, end)
    if (next <= at || next > end) throw new Error(`feed(${at}, ${end}) returned ${next}`)
    at = next
  }
}
