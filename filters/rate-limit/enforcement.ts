import { schema } from 'fairway/filter'
import { redisConfig } from './redis/redis-config.ts'
import { rlsConfig } from './rls/rls-config.ts'

/** Who counts. */
export const enforcementConfig = schema.union('type', {
  Local: schema.object({
    type: schema.documented(
      schema.oneOf(['Local']),
      'Local: each process for itself. Redis: all replicas together. RLS: a rate limit service.',
    ),
  }),
  Redis: redisConfig,
  RLS: rlsConfig,
})

export type EnforcementConfig = schema.ValueOf<typeof enforcementConfig>
