import { schema } from 'fairway/filter'
import type { FilterDefinition } from 'fairway/filter'
import { headerPairs } from '../header-changes.ts'

const fields = schema.object({
  status: schema.documented(
    schema.withDefault(schema.integer({ min: 200, max: 599 }), 200),
    'What HTTP clients are told.',
  ),
  grpcStatus: schema.documented(
    schema.optional(schema.integer({ min: 1, max: 16 })),
    'What clients of gRPC are told, with a status from 400 on. Left out: what goes with that.',
  ),
  contentType: schema.documented(
    schema.withDefault(
      schema.string({ maxLength: 256, pattern: /[!-~]+(?: [!-~]+)*/, describe: 'a media type: application/json' }),
      'text/plain',
    ),
    'Of the body.',
  ),
  body: schema.documented(schema.withDefault(schema.string({ maxLength: 65_536 }), ''), 'What is answered, as it is.'),
  headers: schema.documented(schema.withDefault(headerPairs, []), 'Of the response, beside Content-Type.'),
})

const config = schema.refine(fields, ({ status, grpcStatus, body, headers }, path) => [
  ...(body !== '' && bodiless.has(status)
    ? [{ message: 'has no body', path: `${path}.body`, found: String(status), expected: 'no body, or another status' }]
    : []),
  ...(grpcStatus !== undefined && status < 400
    ? [
        {
          message: 'goes with an error',
          path: `${path}.grpcStatus`,
          found: String(status),
          expected: 'a status from 400 on beside it',
        },
      ]
    : []),
  ...headers
    .filter(({ name }) => name.toLowerCase() === 'content-type')
    .map(({ value }) => ({
      message: 'is said elsewhere',
      path: `${path}.headers`,
      found: value,
      expected: 'contentType for the type of the body',
    })),
])

/** Statuses whose responses have no body (RFC 9110 section 6.4.1). */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

type DirectResponseConfig = schema.ValueOf<typeof config>

/** Answers every request that comes to it with the same response; nothing is forwarded. */
const directResponse: FilterDefinition<DirectResponseConfig> = {
  kind: 'DirectResponse',
  stage: 'shape',
  config,
  create: ({ status, grpcStatus, contentType, body, headers }, env) => {
    const type = body === '' ? [] : [['content-type', contentType] as const]
    const reply = env.reply(status, {
      headers: [...type, ...headers.map(({ name, value }) => [name, value] as const)],
      body,
      reason: 'direct_response',
      ...(grpcStatus === undefined ? {} : { grpcStatus }),
    })
    return { onRequest: () => reply }
  },
}

export default directResponse
