/**
 * Files of vectors: the objects first, as documents of their own; the last document says what is asked and answered.
 * A field that nobody knows is refused, else a wish with a slip in it would always come true.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parse } from 'yaml'
import { formatIssue } from '../../../src/lib/format-issue.ts'
import * as s from '../../../src/lib/schema.ts'
import { createFillIn, fillAll, fillIns } from './fill-in.ts'

/** A text, or null for a header that must not be there. */
const wantedHeader: s.Schema<string | null> = {
  decode: (value, path) => (value === null ? { ok: true, value } : s.string().decode(value, path)),
  json: {},
}
const wantedHeaders = s.withDefault(s.record(wantedHeader), {})

const want = s.object({
  /** What the client gets. */
  status: s.withDefault(s.integer(), 200),
  headers: wantedHeaders,
  /** The Location header; absent: the answer must have none. */
  location: s.optional(s.string()),
  /** In the answer's body. */
  body: s.optional(s.string()),
  /** Of `grpc-status`, as header or trailer. */
  grpcStatus: s.optional(s.integer()),
  /** The pod that gets the request; absent: none may see it. */
  pod: s.optional(s.string()),
  /** Where the pod is dialled. */
  podPort: s.withDefault(s.integer(), 8080),
  /** What the pod sees of the request; absent: what the client sent. */
  target: s.optional(s.string()),
  host: s.optional(s.string()),
  seen: wantedHeaders,
  /** What the record says: the key of the route and the name of its rule; absent: not looked at. */
  route: s.optional(s.string()),
  rule: s.optional(s.string()),
  flags: s.optional(s.string()),
  details: s.optional(s.string()),
  /** Percentages of `count` requests, by pod or by `status NNN`; they must add up to 100. */
  shares: s.optional(s.record(s.number({ min: 0, max: 100 }))),
  /** The tunnel is refused with this status: there is no exchange. */
  connect: s.optional(s.integer()),
  /** The HTTP/1.1 reader answers: there is no exchange. */
  isUnread: s.withDefault(s.boolean(), false),
})

const vector = s.object({
  name: s.string({ minLength: 1 }),
  /** Method and target: `GET /path?query`. */
  request: s.string({ pattern: /[A-Z]+ \S+/ }),
  /** Namespace of the client's identity. */
  from: s.withDefault(s.string(), 'shop'),
  /** Authority of the CONNECT. */
  to: s.optional(s.string()),
  host: s.withDefault(s.string(), 'api'),
  /** Lines `name: value`, sent as they are. */
  headers: s.withDefault(s.array(s.string({ pattern: /[^:]+: [^]*/ })), []),
  /** Claims of the token that the explanation is to take for verified, as JSON. */
  claims: s.optional(s.string()),
  count: s.withDefault(s.integer({ min: 1 }), 1),
  want: s.withDefault(want, { status: 200, headers: {}, podPort: 8080, seen: {}, isUnread: false }),
  /** Why it cannot hold yet. */
  todo: s.optional(s.string({ minLength: 1 })),
})

const file = s.object({
  /** What the file is about; the rules are those of the Gateway API. */
  about: s.string({ minLength: 1 }),
  /** Default authority of the CONNECT. */
  to: s.withDefault(s.string(), '10.96.0.10:80'),
  pathNormalization: s.withDefault(s.oneOf(['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES']), 'BASE'),
  /** All conditions that are bad news: `HTTPRoute shop/api of Service shop/api: Accepted=False UnsupportedValue`. */
  faults: s.withDefault(s.array(s.string()), []),
  /** Why the faults cannot be those yet. */
  faultsTodo: s.optional(s.string({ minLength: 1 })),
  ...fillIns,
  cases: s.array(vector, { minItems: 1 }),
})

/** One request, and what must become of it. */
export type Vector = s.ValueOf<typeof vector>

/** What is wanted of one request. */
export type Want = Vector['want']

/** A set of objects with the requests that are made of it. */
export interface VectorFile extends s.ValueOf<typeof file> {
  readonly name: string
  /** The objects, as YAML documents. */
  readonly objects: string
}

/** Reads a file of vectors; one with a mistake in it throws. */
export const readVectorFile = (path: string): VectorFile => {
  const text = readFileSync(path, 'utf8')
  const start = text.lastIndexOf('\n---\nabout:')
  assert.notEqual(start, -1, `${path}: the last document does not begin with "about:"`)
  const decoded = file.decode(parse(text.slice(start + 5)), '')
  if (!decoded.ok) throw new Error(`${path}: ${decoded.issues.map((issue) => formatIssue(issue)).join('\n')}`)
  const fillIn = createFillIn(decoded.value)
  const { cases, web } = decoded.value
  const filled = { cases: fillAll(cases, fillIn), web: fillAll(web, fillIn) }
  return { ...decoded.value, ...filled, name: basename(path, '.yaml'), objects: fillIn(text.slice(0, start + 1)) }
}
