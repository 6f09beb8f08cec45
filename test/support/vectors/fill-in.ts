import * as s from '../../../src/lib/schema.ts'
import { createTestKey, keySetOf, signToken, type KeyKind, type TestKey } from '../jwt/test-keys.ts'

/** Keys and tokens of a file: made for each run, since tokens run out and keys are nobody's. */
export const fillIns = {
  /** Keys by name, which is their `kid` too. */
  keys: s.withDefault(s.record(s.oneOf(['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'weak'])), {}),
  /** Claims of all tokens, unless they have them otherwise; `now+60` is a date. */
  claims: s.withDefault(s.record(s.anything()), {}),
  tokens: s.withDefault(
    s.record(
      s.object({
        /** The key that signs it. */
        by: s.string(),
        /** `none`: left out. */
        claims: s.withDefault(s.record(s.anything()), {}),
        header: s.withDefault(s.record(s.anything()), {}),
        /** Claims that are changed after it was signed. */
        forged: s.optional(s.record(s.anything())),
      }),
    ),
    {},
  ),
  /** What is found at an address; anything else cannot be reached. */
  web: s.withDefault(s.record(s.string()), {}),
}

/** Keys and tokens as a file has them. */
export type FillIns = { readonly [K in keyof typeof fillIns]: s.ValueOf<(typeof fillIns)[K]> }

/**
 * Makes what puts them in: `${ann}` is a token, `${payload:ann}` its middle part, `${claims:ann}`
 * what that says, `${keys:a,b}` a set of keys. What is not
 * known throws.
 */
export const createFillIn = ({ keys, claims, tokens }: FillIns): ((text: string) => string) => {
  const made = new Map(Object.entries(keys).map(([kid, kind]) => [kid, createTestKey(kid, kind satisfies KeyKind)]))
  const keyOf = (name: string): TestKey => made.get(name) ?? fail(`key ${name}`)
  const signed = new Map(
    Object.entries(tokens).map(([name, { by, header, forged, claims: own }]) => {
      const all = withDates({ ...claims, ...own })
      const options = { header: withDates(header), ...(forged === undefined ? {} : { forged }) }
      return [name, signToken(keyOf(by), all, options)]
    }),
  )
  const tokenOf = (name: string): string => signed.get(name) ?? fail(`token ${name}`)
  return (text) =>
    text.replaceAll(/\$\{(?:(\w+):)?([\w,.-]+)\}/g, (_, what: string | undefined, name: string) => {
      if (what === 'keys') return keySetOf(...name.split(',').map(keyOf))
      if (what === 'claims') return Buffer.from(tokenOf(name).split('.')[1] ?? '', 'base64url').toString()
      if (what === 'payload') return tokenOf(name).split('.')[1] ?? ''
      return tokenOf(name)
    })
}

/** Puts them into every text of a value. */
export const fillAll = <T>(value: T, fillIn: (text: string) => string): T => fillValue(value, fillIn) as T

const fillValue = (value: unknown, fillIn: (text: string) => string): unknown => {
  if (typeof value === 'string') return fillIn(value)
  if (Array.isArray(value)) return value.map((item) => fillValue(item, fillIn))
  if (!s.isPlainObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillValue(item, fillIn)]))
}

const fail = (what: string): never => {
  throw new Error(`there is no ${what} in this file`)
}

/** Seconds since the epoch for `now+60`; what is `none` is left out. */
const withDates = (values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): readonly (readonly [string, unknown])[] => {
      if (value === 'none' && name !== 'alg') return []
      const [, offset] = typeof value === 'string' ? (/^now([+-]\d+)$/.exec(value) ?? []) : []
      return [[name, offset === undefined ? value : Math.floor(Date.now() / 1000) + Number(offset)]]
    }),
  )
