import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import * as s from '../../../src/lib/schema.ts'

/**
 * Cases of AuthorizationPolicies, for people to read and write: what policies say, and whom they let in. A file is a
 * list of cases; `golden/authorization/README.md` has the words.
 */
const requestSchema = s.object({
  /** `NAMESPACE/NAME` of a service account, a whole identity without `spiffe://`, or `nobody`. */
  from: s.withDefault(s.string(), 'shop/web'),
  /** The address that the client's tunnel comes from. */
  ip: s.withDefault(s.string(), '10.1.0.9'),
  /** As of the CONNECT. */
  to: s.withDefault(s.string(), '10.96.0.1:80'),
  /** Method and target. */
  http: s.withDefault(s.string(), 'GET /'),
  host: s.withDefault(s.string(), 'api.shop'),
  /** A list stands for a field that is there several times. */
  headers: s.withDefault(s.record(s.anything()), {}),
  /** Claims of a token that has been verified. */
  token: s.optional(s.record(s.anything())),
  /** A connection whose bytes are passed on, in place of a request. */
  tcp: s.withDefault(s.boolean(), false),
  /** The server that its ClientHello asks for. */
  sni: s.optional(s.string()),
  /** Which rule decides: `web[0]`, or `none`. */
  by: s.optional(s.string()),
  /** What is noted: `audited[0]`, `would allow web[0]`, `would deny none`. */
  notes: s.optional(s.array(s.string())),
})

/** A request, or a connection. */
export type CaseRequest = s.ValueOf<typeof requestSchema>

const policySchema = s.record(s.anything())

const caseSchema = s.object({
  it: s.string({ minLength: 1 }),
  /** Specs by name, or by `NAMESPACE/NAME`; without targetRefs they are for Service `shop/api`. */
  policies: s.withDefault(s.record(policySchema), {}),
  /** Names of those that are only a dry run. */
  dryRun: s.withDefault(s.array(s.string()), []),
  mesh: s.withDefault(
    s.object({
      trustDomain: s.withDefault(s.string(), 'cluster.local'),
      aliases: s.withDefault(s.array(s.string()), []),
      pathNormalization: s.withDefault(s.oneOf(['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES']), 'BASE'),
    }),
    { trustDomain: 'cluster.local', aliases: [], pathNormalization: 'BASE' },
  ),
  allow: s.withDefault(s.array(requestSchema), []),
  deny: s.withDefault(s.array(requestSchema), []),
  /** A provider is to be asked. */
  ask: s.withDefault(s.array(requestSchema), []),
  /** Refused with 503, since a policy cannot be carried out. */
  closed: s.withDefault(s.array(requestSchema), []),
  /** Refused with 400, before policies are asked. */
  bad: s.withDefault(s.array(requestSchema), []),
})

export type AuthorizationCase = s.ValueOf<typeof caseSchema>

/** What may become of a request. */
export const verdicts = ['allow', 'deny', 'ask', 'closed', 'bad'] as const

/** Reads a file of cases; a word that means nothing fails the test. */
export const readCases = (path: string): readonly AuthorizationCase[] => {
  const decoded = s.array(caseSchema).decode(parse(readFileSync(path, 'utf8')), path)
  assert.ok(decoded.ok, JSON.stringify(decoded, null, 2))
  return decoded.value
}
