import type { Exchange, Filter, FilterDefinition, FilterEnv, Reply } from 'fairway/filter'
import { rateLimitFields, retryAfter } from './answer-fields.ts'
import { rateLimitConfig, type RateLimitConfig } from './config.ts'
import { passed, type Decision, type Demand, type Limit } from './counting/limit.ts'
import { compileLimits, demandsOf, responseCharges, type CompiledLimit } from './compile-limits.ts'
import { createLimiter } from './create-limiter.ts'

/** gRPC's numbers. */
const GRPC_STATUS = { Unavailable: 14, ResourceExhausted: 8 } as const

/** Lets so many requests pass in so long: RateLimit. */
const rateLimit: FilterDefinition<RateLimitConfig> = {
  kind: 'RateLimit',
  stage: 'admit',
  config: rateLimitConfig,
  create: (config, env) => createFilter(config, compileLimits(config), env),
}

export default rateLimit

const createFilter = (config: RateLimitConfig, limits: readonly CompiledLimit[], env: FilterEnv): Filter => {
  const tellsAll = config.headers === 'Always'
  const limiter = createLimiter({ config, limits, tellsAll, env })
  const refuse = createRefusal(config, env)
  const isRemembered = tellsAll || limits.some(({ responseCost }) => responseCost !== undefined)
  const admitted = new WeakMap<object, Admitted>()

  const settle = (exchange: Exchange, demands: readonly Demand[], decision: Decision): Reply | undefined => {
    if (decision !== passed) {
      const reply = refuse(decision)
      if (reply !== undefined) return reply
    }
    if (isRemembered) admitted.set(exchange.request, { demands, decision })
    return undefined
  }
  return {
    onRequest: (exchange) => {
      const demands = demandsOf(limits, exchange)
      if (demands.length === 0) return undefined
      const decision = limiter.decide(demands, env.now())
      if (!('then' in decision)) return settle(exchange, demands, decision)
      return decision.then((decided) => settle(exchange, demands, decided))
    },
    ...(isRemembered
      ? {
          onResponse: ({ request, response }: Exchange): void => {
            const known = admitted.get(request)
            if (known === undefined || response === undefined) return
            admitted.delete(request)
            if (tellsAll)
              for (const [name, value] of rateLimitFields(known.decision.standings)) response.headers.set(name, value)
            const charges = responseCharges(limits, known.demands, response)
            if (charges.length > 0) limiter.charge(charges, env.now())
          },
        }
      : {}),
    close: () => limiter.close?.(),
  }
}

/** What is remembered of a request until its answer comes. */
interface Admitted {
  readonly demands: readonly Demand[]
  readonly decision: Decision
}

/** Makes what answers a request that a limit refuses, and counts refusals. */
const createRefusal = (
  { headers, grpcStatus }: RateLimitConfig,
  env: FilterEnv,
): ((decision: Decision) => Reply | undefined) => {
  const refused = env.counter('rate_limit_refused_total', {
    help: 'Requests that a limit refused, or would have refused.',
    labels: ['limit', 'mode'],
  })
  const count = ({ name, isShadow }: Limit): void =>
    refused.inc({ limit: name, mode: isShadow ? 'shadow' : 'enforced' })
  return ({ isAllowed, isUnavailable, standings }) => {
    if (isUnavailable === true) {
      const reason = 'rate_limit_unavailable'
      return env.reply(503, { body: 'nobody can say whether this is too much\n', reason, flags: 'RLSE' })
    }
    let first: Limit | undefined
    for (const { limit, waitMs } of standings) {
      if (waitMs === 0) continue
      count(limit)
      if (!limit.isShadow) first ??= limit
    }
    if (isAllowed) return undefined
    return env.reply(429, {
      headers: [
        ['content-type', 'text/plain'],
        retryAfter(standings),
        ...(headers === 'Never' ? [] : rateLimitFields(standings)),
      ],
      body: 'too many requests\n',
      reason: first === undefined ? 'rate_limited' : `rate_limited{${first.name}}`,
      flags: 'RL',
      grpcStatus: GRPC_STATUS[grpcStatus],
    })
  }
}
