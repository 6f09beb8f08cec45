import { schema } from 'fairway/filter'

/** Who counts. */
export const enforcementConfig = schema.union('type', {
  Local: schema.object({
    type: schema.documented(schema.oneOf(['Local']), 'Local: each replica for itself.'),
  }),
})

export type EnforcementConfig = schema.ValueOf<typeof enforcementConfig>
