import type { CertsDocument } from '../../identity/report/certs-document.ts'

type Check = (value: unknown) => boolean

/**
 * Whether what an admin API sent has all that is printed, in the types that are printed: it may be another version's, or
 * no waypoint's. Further fields are no matter.
 */
export const isCertsDocument = (value: unknown): value is CertsDocument => document(value)

const text: Check = (value) => typeof value === 'string'
const number: Check = (value) => typeof value === 'number'
const date: Check = (value) => typeof value === 'string' && ISO.test(value) && !Number.isNaN(Date.parse(value))
const ISO = /^[+-]?\d{4,6}-\d\d-\d\dT[\d:.]+Z$/

const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)

const list =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)

const fields =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(checks).every(([name, check]) => check(Reflect.get(value, name)))

const certificate = {
  subject: text,
  issuer: text,
  names: list(text),
  serialNumber: text,
  sha256: text,
  key: text,
  notBefore: date,
  notAfter: date,
}

const document = fields({
  identity: optional(text),
  trustDomains: list(text),
  source: fields({
    kind: text,
    place: optional(text),
    rotations: optional(number),
    failures: optional(number),
    lastFailure: optional(fields({ at: date, message: text })),
    nextRenewal: optional(date),
  }),
  validity: optional(fields({ from: date, until: date, remainingSeconds: number, lifetimeSeconds: number })),
  chain: list(fields(certificate)),
  trustRoots: list(fields({ ...certificate, federatedDomain: optional(text) })),
  revocationLists: list(fields({ issuer: text, thisUpdate: date, nextUpdate: optional(date), revoked: number })),
  stolen: optional(fields({ until: date, forSeconds: number, forSecondsAtMost: number, endsEarlierBy: text })),
  troubles: list(text),
})
