/** How long a response may be used, and how (RFC 9111 section 4.2, RFC 5861). */
import type { Fields } from './fields.ts'
import { readMs, readNames, type Directives } from './directives.ts'

/** What a configuration says where responses do not. */
export interface FreshnessRules {
  /** The most that is guessed from Last-Modified; 0: nothing is. */
  readonly heuristicMs: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
}

/** What is known of the age of a response, and of what may be done with it. */
export interface Freshness {
  readonly receivedAtMs: number
  /** How old it was then. */
  readonly initialAgeMs: number
  /** How old it may become. */
  readonly lifetimeMs: number
  /** It must not be used when it is older, but for what the response allows itself. */
  readonly isStrict: boolean
  /** It must be asked for each time. */
  readonly mustAsk: boolean
  /** How much older it may be while it is asked for, or when asking fails. */
  readonly whileRevalidateMs: number
  readonly ifErrorMs: number
}

/** Of the time since the last change. */
const HEURISTIC_SHARE = 0.1

/** Statuses that may be stored although their response says nothing of it (RFC 9110 section 15.1), without 206. */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

/** Of a response that was asked for at `askedAtMs` and came at `nowMs`; `undefined` when it says nothing of its freshness. */
export const freshnessOf = (
  { status, headers }: { readonly status: number; readonly headers: Fields },
  directives: Directives,
  { rules, askedAtMs, nowMs }: { readonly rules: FreshnessRules; readonly askedAtMs: number; readonly nowMs: number },
): Freshness | undefined => {
  const dateMs = readDate(headers.get('date')) ?? nowMs
  const mustAsk = directives.has('no-cache') && readNames(directives, 'no-cache').length === 0
  const explicit = explicitMs(headers, directives, dateMs)
  const lifetimeMs = explicit ?? heuristicMs({ status, headers }, { rules, dateMs })
  if (lifetimeMs === undefined && !mustAsk) return undefined
  const forbidsStale = directives.has('must-revalidate') || directives.has('proxy-revalidate')
  const isStrict = forbidsStale || directives.has('s-maxage')
  const allow = (name: string, otherwise: number): number =>
    forbidsStale || mustAsk ? 0 : (readMs(directives, name) ?? (isStrict ? 0 : otherwise))
  return {
    receivedAtMs: nowMs,
    initialAgeMs: initialAgeMs(headers, { dateMs, askedAtMs, nowMs }),
    lifetimeMs: lifetimeMs ?? 0,
    isStrict: isStrict || mustAsk,
    mustAsk,
    whileRevalidateMs: allow('stale-while-revalidate', rules.staleWhileRevalidateMs),
    ifErrorMs: allow('stale-if-error', rules.staleIfErrorMs),
  }
}

/** How old a response is by now. */
export const ageMs = ({ initialAgeMs: initial, receivedAtMs }: Freshness, nowMs: number): number =>
  initial + Math.max(0, nowMs - receivedAtMs)

/** What can be done with a stored response for a request: `stale` is used as it is, `stale-while` too, and asked for behind it. */
export type Use = 'fresh' | 'stale' | 'stale-while' | 'ask'

/** Decides by what the response allows and the request wants. */
export const useOf = (freshness: Freshness, wanted: Directives, nowMs: number): Use => {
  const { lifetimeMs, isStrict, mustAsk, whileRevalidateMs } = freshness
  if (mustAsk || wanted.has('no-cache')) return 'ask'
  const age = ageMs(freshness, nowMs)
  const most = readMs(wanted, 'max-age')
  if (most !== undefined && age > most) return 'ask'
  const tooOldMs = age + (readMs(wanted, 'min-fresh') ?? 0) - lifetimeMs
  if (tooOldMs < 0) return 'fresh'
  if (wanted.has('min-fresh')) return 'ask'
  if (!isStrict && wanted.has('max-stale') && tooOldMs <= maxStaleMs(wanted)) return 'stale'
  return most === undefined && tooOldMs < whileRevalidateMs ? 'stale-while' : 'ask'
}

/** Whether it may stand in for an answer that did not come, or is an error. */
export const mayReplaceError = (freshness: Freshness, wanted: Directives, nowMs: number): boolean => {
  if (freshness.mustAsk || wanted.has('no-cache')) return false
  const tooOldMs = ageMs(freshness, nowMs) - freshness.lifetimeMs
  const asked = freshness.isStrict ? 0 : (readMs(wanted, 'stale-if-error') ?? 0)
  return tooOldMs < Math.max(freshness.ifErrorMs, asked)
}

/** The date of a field in milliseconds; only the form that is sent today counts (RFC 9110 section 5.6.7). */
export const readDate = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text))
    return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

const maxStaleMs = (wanted: Directives): number =>
  wanted.get('max-stale') === '' ? Infinity : (readMs(wanted, 'max-stale') ?? 0)

const explicitMs = (headers: Fields, directives: Directives, dateMs: number): number | undefined => {
  const shared = readMs(directives, 's-maxage') ?? readMs(directives, 'max-age')
  if (shared !== undefined) return shared
  const expires = headers.get('expires')
  if (expires === undefined) return undefined
  // What is no date is in the past (RFC 9111 section 5.3).
  return Math.max(0, (readDate(expires) ?? dateMs) - dateMs)
}

const heuristicMs = (
  { status, headers }: { readonly status: number; readonly headers: Fields },
  { rules, dateMs }: { readonly rules: FreshnessRules; readonly dateMs: number },
): number | undefined => {
  const changedMs = readDate(headers.get('last-modified'))
  if (rules.heuristicMs === 0 || changedMs === undefined || !HEURISTIC.has(status)) return undefined
  return Math.min(rules.heuristicMs, Math.max(0, dateMs - changedMs) * HEURISTIC_SHARE)
}

/** RFC 9111 section 4.2.3. */
const initialAgeMs = (
  headers: Fields,
  { dateMs, askedAtMs, nowMs }: { readonly dateMs: number; readonly askedAtMs: number; readonly nowMs: number },
): number => {
  const told = /^\d{1,10}/.exec(headers.get('age') ?? '')?.[0]
  const corrected = Number(told ?? 0) * 1000 + (nowMs - askedAtMs)
  return Math.max(0, nowMs - dateMs, corrected)
}
