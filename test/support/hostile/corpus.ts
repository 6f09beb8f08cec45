import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import * as s from '../../../src/lib/schema.ts'

/** What is sent in `golden/hostile/`, and what comes of it; the README there has the words. */
const outcome = s.optional(s.string())

const targetSchema = s.object({
  target: s.string(),
  method: s.withDefault(s.string(), 'GET'),
  NONE: outcome,
  BASE: outcome,
  MERGE_SLASHES: outcome,
  DECODE_AND_MERGE_SLASHES: outcome,
  all: outcome,
  /** In place of all others. */
  http2: outcome,
})

const conditions = s.optional(s.record(s.array(s.string())))
const fields = s.optional(s.array(s.array(s.string(), { minItems: 2, maxItems: 2 })))

const headSchema = s.object({
  it: s.string(),
  deny: conditions,
  allow: conditions,
  /** Of either version; else each has its own, and is not sent where it has none. */
  fields,
  http1: s.optional(s.array(s.string())),
  http2: fields,
  /** Of HTTP/1.1. */
  line: s.withDefault(s.string(), 'GET / HTTP/1.1'),
  /** `none`: no such field. */
  host: s.withDefault(s.string(), 'api'),
  body: s.withDefault(s.string(), ''),
  /** Of HTTP/2. */
  trailers: fields,
  is: s.optional(s.oneOf(['denied', 'refused'])),
  /** In place of 400, in HTTP/1.1. */
  status: s.optional(s.integer()),
  /** Fields as the backend receives them, line by line. */
  arrives: s.optional(s.record(s.array(s.string()))),
})

const smuggledSchema = s.object({
  it: s.string(),
  send: s.string(),
  /** Method and target of each whole request that the backend receives. */
  arrive: s.array(s.string()),
  /** In place of these, where the backend speaks HTTP/2. */
  arriveByHttp2: s.optional(s.array(s.string())),
  /** Statuses that the client gets. */
  answers: s.optional(s.array(s.integer())),
})

export type Target = s.ValueOf<typeof targetSchema>
export type Head = s.ValueOf<typeof headSchema>
export type Smuggled = s.ValueOf<typeof smuggledSchema>

const readAs =
  <T>(schema: s.Schema<T>) =>
  (path: string): readonly T[] => {
    const decoded = s.array(schema).decode(parse(readFileSync(path, 'utf8')), path)
    assert.ok(decoded.ok, JSON.stringify(decoded, null, 2))
    return decoded.value
  }

export const readTargets = readAs(targetSchema)
export const readHeads = readAs(headSchema)
export const readSmuggled = readAs(smuggledSchema)
