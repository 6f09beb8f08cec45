import { hyphenated, removeFrom } from '../lib/headers/field-removal.ts'

const NONE: readonly string[] = []
/** Where clients show who their users are; what is answered to that is for these alone (RFC 9111 section 3.5; cookies as everywhere). */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization'])
/** What stands between the lines of a field that are read as one (RFC 9110 section 5.3, RFC 9113 section 8.2.3 for cookies). */
export const glueOf = (name: string, comma: string): string => (name === 'cookie' ? '; ' : comma)

/** Between the values that routes and policies compare: as Envoy joins what its matchers look at. */
export const MATCHED_COMMA = ','

/** Twice the number of checked fields that are passed over in search of one. */
const MAX_REMOVED = 16

/**
 * Header fields in order, as a flat list of name, value, name, value, …; names are lower case.
 * Reading is a scan: messages have a dozen fields, and a scan of so few beats building an index.
 * Whoever changes it must pass lower-case names to the `…Lower` forms; the others lower-case for the caller.
 */
export class HeaderList {
  /** @internal name0, value0, name1, value1, …; for codecs, which read and write it directly. */
  fields: string[]
  /**
   * @internal For codecs: the fields as a reader let them pass, whatever has become of `fields` since. What is equal to one of
   * these need not be looked at again, character by character, to be written.
   */
  checked: readonly string[] = NONE
  /** @internal The value of an `x-request-id` that we made ourselves, if we did, which need not be looked at either. */
  ownRequestId: string | undefined
  /** @internal The same of a `traceparent`. */
  ownTraceparent: string | undefined
  /** @internal These, side by side where there are both, as the lines that they are in HTTP/1.1, each behind the end of the one before. */
  ownLines = ''
  /** @internal Where in `fields` they were put, which may not be where they are; -1: there are no `ownLines`. */
  ownAt = -1
  #hadCredentials = false

  constructor(fields: string[] = []) {
    this.fields = fields
  }

  /** Number of fields. */
  get size(): number {
    return this.fields.length >> 1
  }

  /** All values of `name` joined with `, ` (RFC 9110 section 5.3), those of `cookie` with `; ` (RFC 9113 section 8.2.3), or `undefined`. */
  get(name: string): string | undefined {
    return this.getLower(name.toLowerCase())
  }

  getLower(name: string): string | undefined {
    return this.joinedLower(name, ', ')
  }

  /** @internal The same with `comma` between values that are no cookies. */
  joinedLower(name: string, comma: string): string | undefined {
    const fields = this.fields
    let found: string | undefined
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] !== name) continue
      found = found === undefined ? fields[i + 1] : `${found}${glueOf(name, comma)}${fields[i + 1]}`
    }
    return found
  }

  has(name: string): boolean {
    return this.hasLower(name.toLowerCase())
  }

  hasLower(name: string): boolean {
    const fields = this.fields
    for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return true
    return false
  }

  /** Replaces all values of `name` with one. */
  set(name: string, value: string): void {
    this.setLower(name.toLowerCase(), value)
  }

  setLower(name: string, value: string): void {
    const fields = this.fields
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i] !== name) continue
      fields[i + 1] = value
      this.#removeFrom(name, i + 2)
      return
    }
    fields.push(name, value)
  }

  /** Appends a value after those that are there. */
  add(name: string, value: string): void {
    this.fields.push(name.toLowerCase(), value)
  }

  /** Drops all values of `name`; true when there were any. */
  remove(name: string): boolean {
    return this.#removeFrom(name.toLowerCase(), 0)
  }

  removeLower(name: string): boolean {
    return this.#removeFrom(name, 0)
  }

  /** Drops all fields that are `name` to CGI, and whatever descends from it (WSGI, Rack, PHP): with `_` in place of `-` too. */
  removeAlike(name: string): void {
    const wanted = hyphenated(name.toLowerCase())
    const isAlike = (found: string): boolean => found.length === wanted.length && hyphenated(found) === wanted
    const fields = this.fields
    for (let i = 0; i < fields.length; i += 2) if (isAlike(fields[i] ?? '')) return removeFrom(fields, i, isAlike)
  }

  /** Whether credentials came with the request, in `authorization`, `cookie` or `proxy-authorization`, whoever has taken them out since. */
  get hasCredentials(): boolean {
    if (this.#hadCredentials) return true
    const fields = this.fields
    for (let i = 0; i < fields.length; i += 2) if (CREDENTIALS.has(fields[i] ?? '')) return true
    return false
  }

  /** Says so of credentials that stand elsewhere: in a field or parameter of another name. */
  noteCredentials(): void {
    this.#hadCredentials = true
  }

  /** @internal Puts others in the place of all fields. */
  replaceFields(fields: readonly string[]): void {
    this.#hadCredentials = this.hasCredentials
    this.fields = [...fields]
  }

  /** Visits each field in order. */
  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    for (let i = 0; i < this.fields.length; i += 2) yield [this.fields[i] ?? '', this.fields[i + 1] ?? '']
  }

  /** @internal Appends what we made ourselves, one of them or both, which are `lines` in HTTP/1.1. */
  addOwn(requestId: string | undefined, traceparent: string | undefined, lines: string): void {
    const { fields } = this
    this.ownAt = fields.length
    this.ownLines = lines
    if (requestId !== undefined) {
      this.ownRequestId = requestId
      fields.push('x-request-id', requestId)
    }
    if (traceparent !== undefined) {
      this.ownTraceparent = traceparent
      fields.push('traceparent', traceparent)
    }
  }

  /** @internal Puts a `traceparent` that we made ourselves in the place of those that are there. */
  setTraceparent(value: string): void {
    this.setLower('traceparent', value)
    this.ownTraceparent = value
    this.ownAt = -1
  }

  /** @internal How many fields the `ownLines` are, if these are still where they were put; else 0. */
  countOwnLines(): number {
    const { fields, ownAt, ownRequestId, ownTraceparent } = this
    const hasId = ownRequestId !== undefined
    if (hasId && (fields[ownAt] !== 'x-request-id' || fields[ownAt + 1] !== ownRequestId)) return 0
    if (ownTraceparent === undefined) return 1
    const at = hasId ? ownAt + 2 : ownAt
    return fields[at] === 'traceparent' && fields[at + 1] === ownTraceparent ? (hasId ? 2 : 1) : 0
  }

  /** @internal Whether a field is one of those that we put there, or the one that nearly each request gets. */
  isOwn(name: string, value: string): boolean {
    if (value === 'http') return name === 'x-forwarded-proto'
    if (value === this.ownRequestId) return name === 'x-request-id'
    return value === this.ownTraceparent && name === 'traceparent'
  }

  /** @internal Where in `checked`, from `from` on, a field stands that a reader let pass; -1 when it has to be looked at. */
  findChecked(name: string, value: string, from: number): number {
    const { checked } = this
    const stop = Math.min(checked.length, from + MAX_REMOVED)
    for (let i = from; i < stop; i += 2) if (checked[i] === name && checked[i + 1] === value) return i
    return -1
  }

  clone(): HeaderList {
    const copy = new HeaderList(this.fields.slice())
    copy.checked = this.checked
    copy.ownRequestId = this.ownRequestId
    copy.ownTraceparent = this.ownTraceparent
    copy.ownLines = this.ownLines
    copy.ownAt = this.ownAt
    copy.#hadCredentials = this.#hadCredentials
    return copy
  }

  #removeFrom(name: string, start: number): boolean {
    const fields = this.fields
    let kept = start
    for (let i = start; i < fields.length; i += 2) {
      if (fields[i] === name) continue
      if (kept !== i) {
        fields[kept] = fields[i] ?? ''
        fields[kept + 1] = fields[i + 1] ?? ''
      }
      kept += 2
    }
    if (kept === fields.length) return false
    fields.length = kept
    if (CREDENTIALS.has(name)) this.#hadCredentials = true
    return true
  }
}
