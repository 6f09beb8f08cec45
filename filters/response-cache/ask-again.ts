/** Asks for what is stored again: in the foreground, for who cannot be given it as it is, or behind his back. */
import type { ForwardedAnswer, Reply, RequestView } from 'fairway/filter'
import { serve } from './lookup.ts'
import { Fill } from './memory/fill.ts'
import type { Flight } from './memory/flights.ts'
import { beginFill, refreshEntry } from './memory/make-entry.ts'
import type { Entry } from './memory/store.ts'
import type { CacheParts, Lookup } from './parts.ts'
import { STATUS_FIELD } from './replies.ts'
import { mayReplaceError } from './rfc9111/freshness.ts'

/** A stored response that is asked for, by which request. */
export interface AskingAgain {
  readonly lookup: Lookup
  readonly entry: Entry
  readonly flight: Flight
}

/** What comes of it; `undefined`: the request goes on as it is. The flight has landed then, or lands with the reply's body. */
export const askAgain = async (asking: AskingAgain, parts: CacheParts): Promise<Reply | undefined> => {
  const { lookup, entry, flight } = asking
  const answer = await send(asking, parts)
  if (answer instanceof Error || isError(answer)) {
    parts.refreshes.inc({ outcome: 'failed' })
    flight.land('lost')
    if (mayReplaceError(entry.freshness, lookup.wanted, parts.env.now())) {
      if (!(answer instanceof Error)) await leave(answer)
      return serve(lookup, entry, { status: 'hit; fwd=stale; detail=error', outcome: 'stale', parts })
    }
    if (answer instanceof Error) return failWith(answer, parts)
    if (answer.status !== 304) return passOn(answer, undefined, parts)
    // Who asked for the whole would get nothing.
    await leave(answer)
    return undefined
  }
  if (answer.status === 304) return onSame(asking, answer, parts)
  parts.refreshes.inc({ outcome: 'changed' })
  const fill = replace(asking, answer, parts)
  if (fill === undefined) flight.land('unstorable')
  return passOn(answer, fill && { fill, lookup, flight }, parts)
}

/** The same for nobody who waits. */
export const refresh = async (asking: AskingAgain, parts: CacheParts): Promise<void> => {
  const { lookup, flight } = asking
  try {
    const answer = await send(asking, parts)
    if (answer instanceof Error || isError(answer)) {
      parts.refreshes.inc({ outcome: 'failed' })
      if (!(answer instanceof Error)) await leave(answer)
      return
    }
    if (answer.status === 304) return void onSame(asking, answer, parts)
    parts.refreshes.inc({ outcome: 'changed' })
    const fill = replace(asking, answer, parts)
    if (fill === undefined) {
      flight.land('unstorable')
      return await leave(answer)
    }
    for await (const _ of keep(answer.body, { fill, lookup, flight }, parts)) if (fill.isDropped) break
  } catch (error) {
    parts.env.log('debug', `a stored response could not be asked for again: ${String(error)}`)
  } finally {
    flight.land('lost')
  }
}

const send = async ({ lookup, entry }: AskingAgain, { env }: CacheParts): Promise<ForwardedAnswer | Error> => {
  try {
    return await env.forward(lookup.exchange, { change: (request) => makeConditional(request, entry) })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Asks for what is newer than `entry`, whatever the client has asked (RFC 9111 section 4.3.1). */
const makeConditional = ({ headers }: RequestView, { etag, lastModified }: Entry): void => {
  for (const name of ['if-none-match', 'if-modified-since', 'if-range', 'range']) headers.remove(name)
  if (etag !== undefined) headers.set('if-none-match', etag)
  if (lastModified !== undefined) headers.set('if-modified-since', lastModified)
}

/** Whose answers may take the place of what is stored. */
const ORIGINS: ReadonlySet<string> = new Set(['via_upstream', 'via_app'])

/** Errors that a stale response may stand in for (RFC 5861 section 4), and answers of nobody. */
const isError = ({ status, details }: ForwardedAnswer): boolean =>
  !ORIGINS.has(details) || status === 500 || (status >= 502 && status <= 504)

const onSame = (
  { lookup, entry, flight }: AskingAgain,
  { headers }: ForwardedAnswer,
  parts: CacheParts,
): Reply | undefined => {
  const { store, rules, refreshes } = parts
  const fresh = refreshEntry(entry, headers, { asked: lookup, rules })
  store.remove(lookup.key, entry)
  // A 304 to what nobody has asked.
  if (fresh === undefined) {
    refreshes.inc({ outcome: 'failed' })
    flight.land('unstorable')
    return undefined
  }
  refreshes.inc({ outcome: 'same' })
  const isKept = fresh.isStorable && !flight.isVoid()
  if (isKept) store.put(lookup.key, fresh.entry)
  flight.land(isKept ? 'stored' : 'unstorable')
  return serve(lookup, fresh.entry, { status: 'hit; fwd=stale; fwd-status=304', outcome: 'revalidated', parts })
}

/** What is stored is not true any more; what takes the new one, if it may be kept. */
const replace = (
  { lookup, entry }: AskingAgain,
  answer: ForwardedAnswer,
  { store, rules }: CacheParts,
): Fill | undefined => {
  store.remove(lookup.key, entry)
  const fill = beginFill(lookup, answer, rules)
  return fill instanceof Fill ? fill : undefined
}

interface Keeping {
  readonly fill: Fill
  readonly lookup: Lookup
  readonly flight: Flight
}

const passOn = (answer: ForwardedAnswer, keeping: Keeping | undefined, parts: CacheParts): Reply => {
  const { status, headers, length, details, flags } = answer
  const { env, requests, tellsStatus } = parts
  requests.inc({ outcome: 'miss' })
  const fields = [...headers]
  if (tellsStatus) {
    const isStored = keeping === undefined ? '' : '; stored'
    fields.push([STATUS_FIELD, `fairway; fwd=stale; fwd-status=${status}${isStored}`])
  }
  return env.reply(status, {
    headers: fields,
    body: keeping === undefined ? answer.body : keepOrLeave(answer, keeping, parts),
    ...(length === undefined ? {} : { length }),
    reason: details,
    ...(/^[A-Z]{2,5}$/.test(flags) ? { flags } : {}),
  })
}

/** The body as it passes, which is kept when all of it has. */
async function* keep(
  body: AsyncIterable<Uint8Array>,
  { fill, lookup, flight }: Keeping,
  { store }: CacheParts,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) {
      if (!fill.add(piece)) flight.land('unstorable')
      yield piece
    }
    const entry = fill.finish()
    const isKept = entry !== undefined && !flight.isVoid()
    if (isKept) store.put(lookup.key, entry)
    flight.land(isKept ? 'stored' : 'unstorable')
  } finally {
    fill.drop()
  }
}

/** The same for somebody who may go away before he has begun to read: of a generator nobody would hear that. */
const keepOrLeave = (answer: ForwardedAnswer, keeping: Keeping, parts: CacheParts): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => {
    const pieces = keep(answer.body, keeping, parts)
    return {
      next: () => pieces.next(),
      return: async () => {
        await leave(answer)
        return pieces.return(undefined)
      },
    }
  },
})

/** The body of an answer that is not wanted. */
const leave = async ({ body }: ForwardedAnswer): Promise<void> => {
  await body[Symbol.asyncIterator]().return?.()
}

/** Without an answer in time there is none; else the request is sent as it came. */
const failWith = (error: Error, { env }: CacheParts): Reply | undefined =>
  'code' in error && error.code === 'ETIMEDOUT'
    ? env.reply(504, {
        headers: [['content-type', 'text/plain']],
        body: 'upstream request timeout\n',
        reason: 'cache_no_answer',
      })
    : undefined
