import type { FilterEnv } from 'fairway/filter'
import type { CompiledLimit } from './compile-limits.ts'
import type { RateLimitConfig } from './config.ts'
import type { Limiter } from './counting/limit.ts'
import { LocalLimiter } from './counting/local-limiter.ts'

/** What a limiter is made of. */
export interface LimiterOptions {
  readonly config: RateLimitConfig
  readonly limits: readonly CompiledLimit[]
  /** Whether also those who pass are told how they stand. */
  readonly tellsAll: boolean
  readonly env: FilterEnv
}

/** Makes whoever counts. */
export const createLimiter = ({ config, limits, tellsAll, env }: LimiterOptions): Limiter =>
  new LocalLimiter({ limits: limits.map(({ limit }) => limit), maxKeys: config.maxKeys, tellsAll }, env.now())
