/** What becomes of a request: an answer from what is stored, a wait for another one's, or its own way to a backend. */
import type { Exchange, HookResult, Reply, RequestView } from 'fairway/filter'
import { askAgain, refresh } from './ask-again.ts'
import { findEntry, serve, wantedOf } from './lookup.ts'
import type { Flight } from './memory/flights.ts'
import type { Entry } from './memory/store.ts'
import type { CacheParts, Lookup } from './parts.ts'
import { isForOrigin } from './rfc9111/conditions.ts'
import { ageMs, mayReplaceError, useOf } from './rfc9111/freshness.ts'

/** A request that may be answered from what is stored; `undefined`: it is the backend's, whatever there is. */
export const lookupOf = (exchange: Exchange, { keys, env }: CacheParts): Lookup | undefined => {
  const { request } = exchange
  if (request.method !== 'GET' && request.method !== 'HEAD') return undefined
  // Who may call is decided behind us.
  if (exchange.match?.isGuarded === true) return undefined
  // What its body says is in no key.
  if (request.hasBody === true || request.upgrade !== undefined || isForOrigin(request.headers)) return undefined
  keys.cleanQuery(request)
  return {
    exchange,
    request,
    key: keys.keyOf(exchange),
    wanted: wantedOf(request),
    hasCredentials: keys.hasCredentials(request),
    askedAtMs: env.now(),
    isRouted: exchange.match !== undefined,
  }
}

/** Answers it, or lets it pass. */
export const answer = (lookup: Lookup, parts: CacheParts): HookResult => {
  const entry = findEntry(lookup, parts)
  if (entry === undefined) return onMiss(lookup, parts)
  const nowMs = parts.env.now()
  const { freshness } = entry
  const status = `hit; ttl=${Math.floor((freshness.lifetimeMs - ageMs(freshness, nowMs)) / 1000)}`
  switch (useOf(freshness, lookup.wanted, nowMs)) {
    case 'fresh':
      return serve(lookup, entry, { status, outcome: 'hit', parts })
    case 'stale-while':
      if (!parts.flights.isUnderWay(lookup.key)) {
        void refresh({ lookup, entry, flight: parts.flights.begin(lookup.key) }, parts)
      }
      return serve(lookup, entry, { status, outcome: 'stale', parts })
    case 'stale':
      return serve(lookup, entry, { status, outcome: 'stale', parts })
    case 'ask':
      return lookup.wanted.has('only-if-cached') ? refuse(parts) : ask(lookup, entry, parts)
  }
}

const onMiss = (lookup: Lookup, parts: CacheParts): HookResult => {
  if (lookup.wanted.has('only-if-cached')) return refuse(parts)
  const flight = mayFollow(lookup) ? parts.flights.find(lookup.key) : undefined
  return flight === undefined ? pass(lookup, parts) : follow(lookup, flight, parts)
}

const ask = (lookup: Lookup, entry: Entry, parts: CacheParts): HookResult => {
  // Nothing of it would be of use any more.
  if (!hasValidator(entry) && !mayReplaceError(entry.freshness, lookup.wanted, parts.env.now())) {
    return onMiss(lookup, parts)
  }
  const other = mayFollow(lookup) ? parts.flights.find(lookup.key) : undefined
  if (other !== undefined) return follow(lookup, other, parts)
  return askBy(lookup, entry, parts)
}

const hasValidator = ({ etag, lastModified }: Entry): boolean => etag !== undefined || lastModified !== undefined

const askBy = async (lookup: Lookup, entry: Entry, parts: CacheParts): Promise<Reply | undefined> => {
  if (!parts.open.has(lookup.request)) return undefined
  const flight = parts.flights.begin(lookup.key)
  parts.passing.set(lookup.request, { lookup, flight, fwd: 'stale', fill: undefined })
  return (await askAgain({ lookup, entry, flight }, parts)) ?? pass(lookup, parts)
}

/** Who wants an answer of now does not take one that was asked for before. */
const mayFollow = ({ wanted, request }: Lookup): boolean =>
  request.method === 'GET' && !wanted.has('no-cache') && !wanted.has('no-store')

/** Waits for the answer to another request, and takes it if it is for this one too. */
const follow = async (lookup: Lookup, first: Flight, parts: CacheParts): Promise<Reply | undefined> => {
  const { env, flights, maxWaitMs } = parts
  const untilMs = env.now() + maxWaitMs
  let flight: Flight | undefined = first
  while (flight !== undefined && env.now() < untilMs) {
    const landing = await flights.wait(flight, untilMs - env.now())
    const entry = landing === 'stored' ? findEntry(lookup, parts) : undefined
    if (entry !== undefined) {
      if (useOf(entry.freshness, lookup.wanted, env.now()) === 'ask') return askBy(lookup, entry, parts)
      return serve(lookup, entry, { status: 'fwd=uri-miss; collapsed', outcome: 'collapsed', parts })
    }
    flight = landing === 'lost' ? flights.find(lookup.key) : undefined
  }
  return pass(lookup, parts)
}

/** On to the backend; what comes back is kept, if it may be. */
const pass = (lookup: Lookup, { requests, flights, passing, open }: CacheParts): undefined => {
  const { request, wanted, key } = lookup
  // Nobody would ever say that it has landed, and others would wait for it.
  if (!open.has(request)) return undefined
  requests.inc({ outcome: 'miss' })
  const isKept = request.method === 'GET' && !wanted.has('no-store') && !request.headers.has('range')
  const fwd = wanted.has('no-cache') ? 'request' : 'uri-miss'
  passing.set(request, { lookup, fwd, flight: isKept ? flights.begin(key) : undefined, fill: undefined })
  return undefined
}

const refuse = ({ env, requests }: CacheParts): Reply => {
  requests.inc({ outcome: 'only_if_cached' })
  return env.reply(504, {
    headers: [['content-type', 'text/plain']],
    body: 'nothing is stored that would do\n',
    reason: 'cache_only_if_cached',
  })
}

/** Of which an answer says nothing new. */
export const isSafe = ({ method }: Pick<RequestView, 'method'>): boolean =>
  method === 'GET' || method === 'HEAD' || method === 'OPTIONS' || method === 'TRACE'
