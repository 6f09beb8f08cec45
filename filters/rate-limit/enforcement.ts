import { schema } from 'fairway/filter'
import { enforcementType } from './enforcement-fields.ts'
import { redisConfig } from './redis/redis-config.ts'
import { rlsConfig } from './rls/rls-config.ts'

/** Who counts. */
export const enforcementConfig = schema.union('type', {
  Local: schema.object({ type: enforcementType('Local') }),
  Redis: redisConfig,
  RLS: rlsConfig,
})

export type EnforcementConfig = schema.ValueOf<typeof enforcementConfig>
