import type { H1Failure } from './message.ts'

/** Bounds on what a peer may make the parser hold or walk through; each is inclusive. */
export interface H1Limits {
  /** Whole head with its blank line, in bytes; beyond it 431, or 414 when not even the request line ended. */
  readonly headBytes: number
  /** Request target in bytes; beyond it 414. */
  readonly targetBytes: number
  /** Fields in a head, and fields in a trailer section; beyond it 431. */
  readonly fields: number
  /** Whole trailer section with its blank line, in bytes; beyond it 431. */
  readonly trailerBytes: number
  /** One chunk-size line with its extensions, in bytes; beyond it 400. */
  readonly chunkLineBytes: number
  /**
   * Body in bytes, without chunk framing and trailers; beyond it 413: before the head is told when the length is
   * announced, else under way.
   */
  readonly bodyBytes: number
}

/**
 * What Envoy allows, near enough, and more than any honest client sends. Bodies have no limit: they pass through under
 * back-pressure, and how much is too much only the application knows.
 */
export const DEFAULT_H1_LIMITS: H1Limits = {
  headBytes: 65_536,
  targetBytes: 16_384,
  fields: 200,
  trailerBytes: 16_384,
  chunkLineBytes: 512,
  bodyBytes: Number.POSITIVE_INFINITY,
}

const STATUS: Readonly<Record<H1Failure['code'], number>> = {
  'bad-request': 400,
  'head-too-large': 431,
  'uri-too-long': 414,
  'body-too-large': 413,
  'unsupported-version': 505,
  'unsupported-coding': 501,
  truncated: 400,
}

/** A failure with the status that belongs to its code. */
export function h1Failure(code: H1Failure['code'], message: string): H1Failure {
  return { code, status: STATUS[code], message }
}

/** The commonest failure: the message breaks RFC 9112 or can be read in two ways. */
export function badRequest(message: string): H1Failure {
  return h1Failure('bad-request', message)
}

/** The body is, or would be, larger than `limits` let it be. */
export function bodyTooLarge({ bodyBytes }: H1Limits): H1Failure {
  return h1Failure('body-too-large', `the body is longer than ${bodyBytes} bytes`)
}

/** Foreign text made fit for a message: at most 60 characters, controls escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
