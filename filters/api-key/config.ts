import { schema } from 'fairway/filter'
import { credentialFields, refuseNobody } from '../credentials/credentials.ts'
import { token } from '../field-name.ts'

const name = token('a name of letters, digits and -_.')

const location = schema.object({
  type: schema.documented(schema.oneOf(['Header', 'Query', 'Cookie']), 'Where a key stands.'),
  name: schema.documented(name, 'Of the header, query parameter or cookie.'),
})

const hash = schema.string({
  pattern: /\{SHA256\}[A-Za-z0-9+/]{43}=/,
  describe: '{SHA256} and the hash in base64',
  secret: true,
})

/** What an ApiKey is told. */
export const apiKeyConfig = refuseNobody(
  schema.object({
    from: schema.documented(
      schema.withDefault(schema.array(location, { minItems: 1, maxItems: 8 }), [{ type: 'Header', name: 'x-api-key' }]),
      'Where a key is looked for; the first that is there counts.',
    ),
    ...credentialFields(hash),
    clientHeader: schema.documented(
      schema.optional(name),
      'The header that tells the Service which client it is. What a client writes there is dropped.',
    ),
    forwardKey: schema.documented(schema.withDefault(schema.boolean(), false), 'Whether the Service sees the key.'),
  }),
)

export type ApiKeyConfig = schema.ValueOf<typeof apiKeyConfig>
export type KeyLocation = ApiKeyConfig['from'][number]
