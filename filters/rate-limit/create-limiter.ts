import type { FilterEnv } from 'fairway/filter'
import type { CompiledLimit } from './compile-limits.ts'
import type { RateLimitConfig } from './config.ts'
import type { Limiter } from './counting/limit.ts'
import { LocalLimiter } from './counting/local-limiter.ts'
import { RedisCounter } from './redis/redis-counter.ts'
import { RlsCounter } from './rls/rls-counter.ts'
import { SharedLimiter } from './shared/shared-limiter.ts'
import { RemoteLimiter } from './remote/remote-limiter.ts'

/** What a limiter is made of. */
export interface LimiterOptions {
  readonly config: RateLimitConfig
  readonly limits: readonly CompiledLimit[]
  /** Whether also those who pass are told how they stand. */
  readonly tellsAll: boolean
  readonly env: FilterEnv
}

/** Makes whoever counts. */
export const createLimiter = ({ config, limits: compiled, tellsAll, env }: LimiterOptions): Limiter => {
  const { enforcement, maxKeys } = config
  const limits = compiled.map(({ limit }) => limit)
  const { joinSiblings } = env
  const counting = { limits, maxKeys, tellsAll }
  const createLocal = (): Limiter =>
    joinSiblings === undefined ? new LocalLimiter(counting, env.now()) : new SharedLimiter(counting, env, joinSiblings)
  switch (enforcement.type) {
    case 'Local':
      return createLocal()
    case 'RLS':
    case 'Redis': {
      const { type, failureMode, timeout } = enforcement
      const counter =
        type === 'RLS'
          ? new RlsCounter(enforcement, env, { tellsAll })
          : new RedisCounter({ config: enforcement, limits, tellsAll, env })
      return new RemoteLimiter({
        name: type === 'RLS' ? 'the rate limit service' : 'Redis',
        counter,
        timeoutMs: timeout,
        fallback: failureMode === 'Local' ? createLocal() : failureMode,
        env,
      })
    }
  }
}
