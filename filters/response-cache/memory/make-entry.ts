import type { RequestView } from 'fairway/filter'
import { parseDirectives, type Directives } from '../rfc9111/directives.ts'
import { createFields, type Fields } from '../rfc9111/fields.ts'
import { freshnessOf, type Freshness, type FreshnessRules } from '../rfc9111/freshness.ts'
import { allowsCredentials, fieldsToKeep, refusalOf, varyNames, type Refusal } from '../rfc9111/storable.ts'
import { isSameTag } from '../rfc9111/conditions.ts'
import { Fill, type Room } from './fill.ts'
import { normalise, type Entry } from './store.ts'

/** What one configuration says of what is kept. */
export interface EntryRules extends FreshnessRules {
  readonly maxResponseBytes: number
  readonly room: Room
  readonly now: () => number
}

/** A request, and what is known of it. */
export interface Asked {
  readonly request: RequestView
  readonly wanted: Directives
  readonly hasCredentials: boolean
  /** When it was sent. */
  readonly askedAtMs: number
}

interface Head {
  readonly status: number
  readonly headers: Fields
}

/** What takes the body of a response that is to be kept, or why it is not. */
export const beginFill = (asked: Asked, head: Head, rules: EntryRules): Fill | Refusal | 'size' | 'freshness' => {
  const { request, wanted, hasCredentials } = asked
  const { status, headers } = head
  const directives = parseDirectives(headers.get('cache-control'))
  const refusal = refusalOf(request, head, { wanted, directives, hasCredentials })
  if (refusal !== undefined) return refusal
  const freshness = freshnessOf(head, directives, { rules, askedAtMs: asked.askedAtMs, nowMs: rules.now() })
  if (freshness === undefined || isUseless(freshness, headers)) return 'freshness'
  const length = headers.get('content-length')
  const announced = length === undefined ? undefined : Number(length)
  if (announced !== undefined && !(announced <= rules.maxResponseBytes)) return 'size'
  const parts = { status, fields: fieldsToKeep(headers, directives), directives, freshness }
  const vary = varyOf(headers, request)
  return new Fill({ maxBytes: rules.maxResponseBytes, announced, room: rules.room }, (body) =>
    toEntry(parts, { vary, body }, rules),
  )
}

/**
 * The entry with what a 304 says of it (RFC 9111 sections 3.2 and 4.3.4); `undefined` when that is about something else, and
 * `unstorable` when it must not be kept any more.
 */
export const refreshEntry = (
  entry: Entry,
  headers: Fields,
  { asked, rules }: { readonly asked: Asked; readonly rules: EntryRules },
): { readonly entry: Entry; readonly isStorable: boolean } | undefined => {
  const etag = headers.get('etag')
  if (etag !== undefined && entry.etag !== undefined && !isSameTag(etag, entry.etag)) return undefined
  const told = fieldsToKeep(headers, parseDirectives(undefined)).filter(([name]) => !OF_THE_BODY.has(name))
  // One without a date is from now (RFC 9110 section 6.6.1), and not from when the stored one was made.
  const news = headers.has('date') ? told : [...told, ['date', new Date(rules.now()).toUTCString()] as const]
  const newer = new Set(news.map(([name]) => name))
  const fields = [...entry.fields.filter(([name]) => !newer.has(name)), ...news]
  const list = createFields(fields)
  const directives = parseDirectives(list.get('cache-control'))
  const head = { status: entry.status, headers: list }
  const freshness = freshnessOf(head, directives, { rules, askedAtMs: asked.askedAtMs, nowMs: rules.now() })
  const { wanted, hasCredentials } = asked
  const refusal = refusalOf({ ...asked.request, method: 'GET' }, head, { wanted, directives, hasCredentials })
  const parts = {
    status: entry.status,
    fields,
    directives,
    freshness: freshness ?? { ...entry.freshness, lifetimeMs: 0 },
  }
  return {
    entry: toEntry(parts, { vary: varyOf(list, asked.request), body: entry.body }, rules),
    isStorable: refusal === undefined && freshness !== undefined,
  }
}

/** What describes the bytes that are kept, and not those that were not sent. */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-type',
  'content-range',
  'content-length',
])

/** It could neither be used nor asked for. */
const isUseless = ({ lifetimeMs, initialAgeMs, whileRevalidateMs, ifErrorMs }: Freshness, headers: Fields): boolean =>
  lifetimeMs + Math.max(whileRevalidateMs, ifErrorMs) <= initialAgeMs &&
  !headers.has('etag') &&
  !headers.has('last-modified')

const varyOf = (headers: Fields, request: RequestView): Entry['vary'] =>
  (varyNames(headers) ?? []).map((name) => [name, normalise(request.headers.get(name))] as const)

const toEntry = (
  {
    status,
    fields,
    directives,
    freshness,
  }: {
    readonly status: number
    readonly fields: Entry['fields']
    readonly directives: Directives
    readonly freshness: Freshness
  },
  { vary, body }: Pick<Entry, 'vary' | 'body'>,
  { now }: EntryRules,
): Entry => {
  const list = createFields(fields)
  const date = list.get('date') ?? new Date(now()).toUTCString()
  return {
    status,
    // Who gets it later could not tell from when it is (RFC 9110 section 6.6.1).
    fields: list.has('date') ? fields : [...fields, ['date', date]],
    body,
    vary,
    freshness,
    etag: list.get('etag'),
    lastModified: list.get('last-modified'),
    date,
    allowsCredentials: allowsCredentials(directives),
  }
}
