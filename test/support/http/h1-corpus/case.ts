import type { H1Failure } from '../../../../src/http/h1/message.ts'

interface AnyCase {
  readonly name: string
  /** Each character is one byte. */
  readonly text: string
  /** Responses: methods of the requests they answer; default: GET for as many as come. */
  readonly methods?: readonly string[]
  /** Why `node:http` reads it otherwise; without it, it must agree. */
  readonly differs?: string
}

/** A byte sequence that must be read, and the events in short: `POST /a len=3 body:abc end`. */
export interface GoodCase extends AnyCase {
  readonly events: string
}

/** A byte sequence that must be refused, and with which code. */
export interface BadCase extends AnyCase {
  readonly code: H1Failure['code']
}

export const good = (name: string, text: string, events: string, methods?: readonly string[]): GoodCase =>
  methods === undefined ? { name, text, events } : { name, text, events, methods }

export const bad = (
  name: string,
  text: string,
  code: H1Failure['code'] = 'bad-request',
  methods?: readonly string[],
): BadCase => (methods === undefined ? { name, text, code } : { name, text, code, methods })

/** A POST that is refused for these field lines. */
export const badField = (name: string, lines: string, code?: H1Failure['code']): BadCase =>
  bad(name, `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`, code)

/** A request that is refused for its first line. */
export const badLine = (name: string, requestLine: string, code?: H1Failure['code']): BadCase =>
  bad(name, `${requestLine}\r\nHost: a\r\n\r\n`, code)

/** A GET of this target, which is read. */
export const goodTarget = (name: string, target: string, host = 'a'): GoodCase =>
  good(name, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, `GET ${target} end`)

/** A POST of these chunks. */
export const chunked = (body: string): string =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`

/** Cases that `node:http` reads otherwise, all for one reason. */
export const differing = <Case extends GoodCase | BadCase>(why: string, cases: readonly Case[]): readonly Case[] =>
  cases.map((one) => ({ ...one, differs: why }))

/** `0x0b` for a character. */
export const hex = (code: number): string => `0x${code.toString(16).padStart(2, '0')}`
