import { schema } from 'fairway/filter'
import { enforcementType, remoteFields } from '../enforcement-fields.ts'

/** Counting by a service that speaks Envoy's RLS v3. */
export const rlsConfig = schema.object({
  type: enforcementType('RLS'),
  service: schema.documented(
    schema.string({
      minLength: 3,
      maxLength: 260,
      pattern: /[a-z0-9]([-a-z0-9.]*[a-z0-9])?:[1-9][0-9]{0,4}/,
      describe: 'HOST:PORT of a Service',
    }),
    'HOST:PORT of a Service of the mesh, whose port is declared as gRPC or HTTP/2: ratelimit.infra:8081.',
  ),
  domain: schema.documented(
    schema.string({ minLength: 1, maxLength: 253 }),
    'Which of its configurations the service goes by.',
  ),
  ...remoteFields,
})

export type RlsConfig = schema.ValueOf<typeof rlsConfig>
