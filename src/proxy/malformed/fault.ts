import type { ExchangeRecord } from '../../filter/record.ts'
import type { H1Failure } from '../../http/h1/message.ts'
import { formatErrorCode } from '../../http/h2/constants.ts'
import { clientGone } from '../response/local-reply.ts'
import type { LocalReply } from '../response/local-reply.ts'

/**
 * What a client has done that HTTP does not permit, and what becomes of its request. `details` are few, whatever clients
 * send: what exactly is wrong says `message`.
 */
export interface Fault extends Pick<LocalReply, 'flags' | 'details'> {
  /** Of the answer; 0: there is none, the stream is reset. */
  readonly status: number
  /** For people, the client among them; what it quotes is escaped and short, and may be secret to others. */
  readonly message: string
}

/** Of what an HTTP/1.1 parser refuses. */
export const faultOfH1 = ({ code, status, message }: H1Failure): Fault => ({
  status,
  flags: 'DPE',
  details: `http1_protocol_error{${code}}`,
  message,
})

/** Of a request that its head makes useless, though it is well-formed HTTP/2. */
export const faultOfH2Head = (status: 400 | 431 | 501, message: string): Fault => ({
  status,
  flags: 'DPE',
  details: `http2_protocol_error{${H2_CODES[status]}}`,
  message,
})

/** As an HTTP/1.1 parser names the same. */
const H2_CODES = { 400: 'bad-request', 431: 'head-too-large', 501: 'unsupported-upgrade' } as const

/** Of what has its stream, or its connection, ended with `code` by us (RFC 9113 section 5.4). */
export const faultOfH2Reset = (code: number, message: string): Fault => ({
  status: 0,
  flags: 'DPE',
  details: `http2_protocol_error{${formatErrorCode(code)}}`,
  message,
})

/** A head that was begun and never ended. */
export const lateHead: Fault = {
  status: 408,
  flags: 'SI',
  details: 'request_header_timeout',
  message: 'the request took too long',
}

/** The client has left in the middle of a head: Envoy logs that as it logs a client who does not wait for his answer. */
export const lostHead: Fault = {
  status: 0,
  ...clientGone,
  message: 'the client ended the connection in the middle of a request head',
}

/** Something quoted, with what stands before the name of a field. */
const QUOTED = /((?:field|name|after|value of) )?"(?:[^"\\]|\\.)*"/g

/**
 * What is wrong, as logs may have it: with names of fields, and without targets, hosts and values, in which secrets may be. What can
 * be told of those has places of its own, where secrets are looked for.
 */
export const withoutValues = (message: string): string =>
  message.replace(QUOTED, (all, before: string | undefined) => (before === undefined ? '"…"' : all))

/** The record says what was wrong. */
export const noteFault = (record: Pick<ExchangeRecord, 'termination'>, { message }: Fault): void => {
  record.termination = withoutValues(message)
}

/** The answer to it. */
export const replyToFault = ({ status, flags, details, message }: Fault): LocalReply => ({
  status,
  flags,
  details,
  body: `${message}\n`,
})
