import type { Exchange, ResponseView } from 'fairway/filter'
import type { LimitConfig, RateLimitConfig } from './config.ts'
import type { Demand, Limit } from './counting/limit.ts'
import { compileEntries, compileKey } from './keys/key.ts'
import { compileMatches, type Matches } from './keys/match.ts'

const MOST = 1_000_000
const NUMBER = /^[0-9]{1,7}$/

/** A limit with what says for whom, and for how much, a request counts. */
export interface CompiledLimit {
  readonly config: LimitConfig
  readonly limit: Limit
  readonly matches: Matches | undefined
  readonly keyOf: (exchange: Exchange) => string
  readonly cost: number
  readonly costHeader: string | undefined
  readonly responseCost: string | undefined
  readonly entriesOf: ((exchange: Exchange) => Demand['entries']) | undefined
}

/** Makes of limits as they are written what requests are measured by. */
export const compileLimits = ({ limits, enforcement }: RateLimitConfig): readonly CompiledLimit[] =>
  limits.map((config) => {
    const { name, rate, burst, algorithm, key, matches, cost, shadow } = config
    const { requests, per } = rate
    const limit = { name, algorithm, requests, periodMs: per, burst: burst ?? requests, isShadow: shadow }
    return {
      config,
      limit,
      matches: compileMatches(matches),
      keyOf: compileKey(key),
      cost: cost?.request?.number ?? 1,
      costHeader: cost?.request?.header,
      responseCost: cost?.response?.header,
      entriesOf: enforcement.type === 'RLS' ? compileEntries(key) : undefined,
    }
  })

/** What a request wants of the limits that are for it. */
export const demandsOf = (limits: readonly CompiledLimit[], exchange: Exchange): readonly Demand[] => {
  const demands: Demand[] = []
  for (const { limit, matches, keyOf, cost, costHeader, entriesOf } of limits) {
    if (matches !== undefined && !matches(exchange)) continue
    const told = costHeader === undefined ? undefined : numberOf(exchange.request.headers.get(costHeader))
    const demand = { limit, key: keyOf(exchange), cost: told ?? cost }
    demands.push(entriesOf === undefined ? demand : { ...demand, entries: entriesOf(exchange) ?? [] })
  }
  return demands
}

/** What the answer to a request takes of the limits that were for it. */
export const responseCharges = (
  limits: readonly CompiledLimit[],
  demands: readonly Demand[],
  { headers }: ResponseView,
): readonly Demand[] =>
  demands.flatMap((demand) => {
    const header = limits.find(({ limit }) => limit === demand.limit)?.responseCost
    const cost = header === undefined ? undefined : numberOf(headers.get(header))
    return cost === undefined || cost === 0 ? [] : [{ ...demand, cost }]
  })

const numberOf = (text: string | undefined): number | undefined => {
  if (text === undefined || !NUMBER.test(text)) return undefined
  const value = Number(text)
  return value <= MOST ? value : undefined
}
