import { HeaderList } from '../header-list.ts'
import { CR, FIELD_VALUE, HTAB, LF, SP, TOKEN_LOWER } from './chars.ts'
import {
  CONNECTION,
  CONTENT_LENGTH,
  EXPECT,
  FORWARDED_PROTO,
  HOST,
  LOOKALIKE,
  PLAIN,
  TRACE,
  TRANSFER_ENCODING,
  UPGRADE,
  hashStep,
  isNameAt,
  knownByHash,
  roleOf,
} from './field-names.ts'
import { badRequest, h1Failure, quoted } from './limits.ts'
import type { H1Failure } from './message.ts'

/** Where a section of field lines lies: `text` is `buffer` from `base` on, in latin1, to cut strings from. */
export interface FieldSection {
  readonly buffer: Uint8Array
  readonly base: number
  readonly text: string
}

/** What the field lines of one head said, beyond the fields themselves. */
export interface FieldFacts {
  readonly headers: HeaderList
  /** Offset after the blank line. */
  end: number
  failure: H1Failure | undefined
  host: string | undefined
  /** Value of the one `x-forwarded-proto`; empty when there are more. */
  forwardedProto: string | undefined
  /** -1 without a Content-Length. */
  contentLength: number
  isChunked: boolean
  closes: boolean
  keepsAlive: boolean
  upgrades: boolean
  expectsContinue: boolean
  upgrade: string | undefined
  /** One of them speaks of a trace. */
  hasTrace: boolean
}

/**
 * Reads field lines from `start` to the blank line, which the caller has made sure is there (RFC 9112 section 5).
 * One flat loop over the bytes: it is most of the cost of a message, and a call per line would double it.
 */
export function readFields(section: FieldSection, start: number, maxFields: number): FieldFacts {
  const { buffer, base, text } = section
  const fields: string[] = []
  const facts = createFacts(fields)
  let at = start
  for (;;) {
    let byte = buffer[at] ?? 0
    if (byte === CR && buffer[at + 1] === LF) break

    const nameStart = at
    let hash = 0
    let lower = TOKEN_LOWER[byte] ?? 0
    while (lower !== 0) {
      hash = hashStep(hash, lower)
      byte = buffer[++at] ?? 0
      lower = TOKEN_LOWER[byte] ?? 0
    }
    const nameEnd = at
    if (byte !== 0x3a || nameEnd === nameStart) return failed(facts, badName(section, nameStart, nameEnd))

    byte = buffer[++at] ?? 0
    while (byte === SP || byte === HTAB) byte = buffer[++at] ?? 0
    const valueStart = at
    while (FIELD_VALUE[byte] === 1) byte = buffer[++at] ?? 0
    let valueEnd = at
    if (byte !== CR || buffer[at + 1] !== LF)
      return failed(facts, badValue(text.slice(nameStart - base, nameEnd - base), byte))
    at += 2
    while (valueEnd > valueStart && isBlank(buffer[valueEnd - 1])) valueEnd--

    if (fields.length >= maxFields * 2)
      return failed(facts, h1Failure('head-too-large', `more than ${maxFields} fields`))
    const value = text.slice(valueStart - base, valueEnd - base)
    const known = knownByHash(hash)
    let role: number
    if (known !== undefined && isNameAt(known, buffer, nameStart, nameEnd - nameStart)) {
      fields.push(known.name, value)
      role = known.role
    } else {
      const name = text.slice(nameStart - base, nameEnd - base).toLowerCase()
      fields.push(name, value)
      role = roleOf(name)
    }
    if (role !== PLAIN && !noteField(facts, role, value)) return facts
  }
  facts.end = at + 2
  facts.headers.checked = fields.slice()
  return facts
}

function createFacts(fields: string[]): FieldFacts {
  return {
    headers: new HeaderList(fields),
    end: 0,
    failure: undefined,
    host: undefined,
    forwardedProto: undefined,
    contentLength: -1,
    isChunked: false,
    closes: false,
    keepsAlive: false,
    upgrades: false,
    expectsContinue: false,
    upgrade: undefined,
    hasTrace: false,
  }
}

function failed(facts: FieldFacts, failure: H1Failure): FieldFacts {
  facts.failure = failure
  return facts
}

function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB
}

/** Takes in a field that has a role; false when it makes the message one to refuse. */
function noteField(facts: FieldFacts, role: number, value: string): boolean {
  switch (role) {
    case HOST:
      if (facts.host !== undefined) facts.failure = badRequest('more than one Host field')
      facts.host = value
      break
    case CONTENT_LENGTH:
      noteContentLength(facts, value)
      break
    case TRANSFER_ENCODING:
      if (facts.isChunked) facts.failure = badRequest('more than one Transfer-Encoding field')
      else if (value.toLowerCase() !== 'chunked') facts.failure = badCoding(value)
      facts.isChunked = true
      break
    case CONNECTION:
      noteConnection(facts, value)
      break
    case EXPECT:
      facts.expectsContinue = value.toLowerCase() === '100-continue'
      break
    case UPGRADE:
      facts.upgrade = facts.upgrade === undefined ? value : `${facts.upgrade}, ${value}`
      break
    case FORWARDED_PROTO:
      facts.forwardedProto = facts.forwardedProto === undefined ? value : ''
      break
    case TRACE:
      facts.hasTrace = true
      break
    case LOOKALIKE:
      facts.failure = badRequest('Content-Length or Transfer-Encoding spelled with "_"')
      break
  }
  return facts.failure === undefined
}

function noteContentLength(facts: FieldFacts, value: string): void {
  // Lists and repetitions are refused even when all members agree, which RFC 9112 section 6.3 permits.
  const length = readLength(value)
  if (facts.contentLength !== -1) facts.failure = badRequest('more than one Content-Length field')
  else if (length === undefined)
    facts.failure = badRequest(`Content-Length is ${quoted(value)}, not a decimal number below 2^53`)
  else {
    facts.contentLength = length
    // A leading zero must not travel on: the next hop could take the number for octal.
    if (value.length > 1 && value.startsWith('0'))
      facts.headers.fields[facts.headers.fields.length - 1] = String(length)
  }
}

/** A decimal number below 2^53, of 16 digits at most; each message has one, and this is a third of what an expression takes. */
function readLength(value: string): number | undefined {
  if (value === '' || value.length > 16) return undefined
  let length = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return undefined
    length = length * 10 + digit
  }
  return length > Number.MAX_SAFE_INTEGER ? undefined : length
}

/**
 * Codings before chunked would have to be undone and redone by a proxy, and nobody sends them: 501. Where chunked is not
 * the last, and once, the body has no certain end: 400 (RFC 9112 sections 6.1 and 6.3).
 */
function badCoding(value: string): H1Failure {
  const message = `Transfer-Encoding is ${quoted(value)}; only "chunked" is taken`
  const isKnownForm = /^(?:(?!chunked *,)[a-z0-9!#$%&'*+.^_`|~-]+ *, *)+chunked$/i.test(value)
  return isKnownForm ? h1Failure('unsupported-coding', message) : badRequest(message)
}

function noteConnection(facts: FieldFacts, value: string): void {
  for (const option of value.toLowerCase().split(',')) {
    const name = option.trim()
    if (name === 'close') facts.closes = true
    else if (name === 'keep-alive') facts.keepsAlive = true
    else if (name === 'upgrade') facts.upgrades = true
  }
}

function badName({ text, base }: FieldSection, start: number, end: number): H1Failure {
  const next = text.charCodeAt(end - base)
  const name = text.slice(start - base, end - base)
  if (start === end && isBlank(next)) return badRequest('a field line starts with white space (obs-fold)')
  if (isBlank(next)) return badRequest(`white space between the field name ${quoted(name)} and its colon`)
  return badRequest(`${describeByte(next)} in the name of a field, after ${quoted(name)}`)
}

function badValue(name: string, byte: number): H1Failure {
  return badRequest(`${describeByte(byte)} in the value of the field ${quoted(name)}`)
}

/** `bare CR`, `bare LF` or the byte as a number. */
export function describeByte(byte: number): string {
  if (byte === CR) return 'bare CR'
  if (byte === LF) return 'bare LF'
  return `byte 0x${byte.toString(16).padStart(2, '0')}`
}
