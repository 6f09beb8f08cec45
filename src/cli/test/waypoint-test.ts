/** What a document of kind WaypointTest says. */
import * as s from '../../lib/schema.ts'
import { DOCUMENT_API } from '../terminal/print-as.ts'

const text = s.string({ minLength: 1, maxLength: 4096 })

const status = s.integer({ min: 100, max: 599 })

/** A header's value, or `null` for one that must not be there. */
const headerValue: s.Schema<string | null> = {
  decode: (value, path) => (value === null ? { ok: true, value } : s.string().decode(value, path)),
  json: { type: 'string' },
}

const answer = s.object({
  /** Of what the filters of the Service and the rule answer in place of a backend. */
  status,
  headers: s.optional(s.record(headerValue)),
  /** So many of the same are let pass before. */
  after: s.withDefault(s.integer({ min: 0, max: 10_000 }), 0),
})

/** `none`: filters let it pass to a backend. */
const answerOrNone: s.Schema<s.ValueOf<typeof answer> | 'none'> = {
  decode: (value, path) => (value === 'none' ? { ok: true, value } : answer.decode(value, path)),
  json: answer.json,
}

const requestFields = {
  /** What this is about, in words. */
  what: text,
  /** `[METHOD] URL`, as `fairway explain` takes it. */
  request: text,
  from: s.optional(text),
  headers: s.optional(s.record(s.string())),
  address: s.optional(text),
  claims: s.optional(s.record(s.anything())),
  sni: s.optional(s.string({ maxLength: 253 })),
}

const expectations = {
  outcome: s.optional(s.oneOf(['unbound', 'bad-path', 'closed', 'denied', 'no-match', 'pass-through', 'match'])),
  status: s.optional(status),
  tunnel: s.optional(s.oneOf(['http', 'tcp', 'tls', 'sniff'])),
  route: s.optional(text),
  rule: s.optional(text),
  /** Weights of the backends by name, `NAMESPACE/NAME:PORT`; all of them. */
  backends: s.optional(s.record(s.integer({ min: 0, max: 1_000_000 }))),
  /** Words that one of the reasons has. */
  says: s.optional(s.array(text, { minItems: 1 })),
  /** Words that none of them has. */
  neverSays: s.optional(s.array(text, { minItems: 1 })),
  answer: s.optional(answerOrNone),
}

const testedRequest = s.refine(s.object({ ...requestFields, ...expectations }), (value, path) =>
  Object.keys(value).some((name) => name in expectations)
    ? []
    : [
        {
          message: 'nothing is expected of it',
          path,
          found: 'no expectation',
          expected: `one of ${Object.keys(expectations).join(', ')}`,
        },
      ],
)

const instant = s.refine(s.string(), (value, path) =>
  /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) && !Number.isNaN(Date.parse(value))
    ? []
    : [{ message: 'wrong value', path, found: value, expected: 'a time such as 2026-11-22T09:00:00Z' }],
)

const fields = {
  apiVersion: s.oneOf([DOCUMENT_API]),
  kind: s.oneOf(['WaypointTest']),
  metadata: s.optional(s.record(s.anything())),
  /** How many things are wrong with the objects, as `fairway waypoint status` counts them. */
  findings: s.withDefault(s.integer({ min: 0 }), 0),
  /** What time it is for filters; default: when the test runs. */
  now: s.optional(instant),
  requests: s.array(testedRequest, { minItems: 1, maxItems: 10_000 }),
}

/** The schema of the document. */
export const waypointTest = s.object(fields)

/** A test as it was written. */
export type WaypointTest = s.ValueOf<typeof waypointTest>
/** One request of it, and what is expected. */
export type TestedRequest = s.ValueOf<typeof testedRequest>
