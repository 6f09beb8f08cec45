import { schema, type Exchange, type FilterDefinition } from 'fairway/filter'

const config = schema.object({
  header: schema.documented(
    schema.withDefault(schema.string({ minLength: 1 }), 'x-request-id'),
    'Where the id stands.',
  ),
  keepFrom: schema.documented(
    schema.withDefault(schema.array(schema.string({ minLength: 1 })), []),
    'Namespaces whose ids are kept; all others get a new one.',
  ),
  answer: schema.documented(schema.withDefault(schema.boolean(), true), 'Whether the response tells the id.'),
})

/** At most this long, and of these characters: an id ends up in logs, and in what people search them with. */
const GOOD_ID = /^[\w.:-]{8,128}$/

/** Gives each request an id of our own, unless it comes from somebody whose ids are good. */
const requestIdPolicy: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'RequestIdPolicy',
  stage: 'preflight',
  config,
  create: ({ header, keepFrom, answer }, env) => {
    const isKept = ({ request, source }: Exchange): boolean =>
      source.namespace !== undefined &&
      keepFrom.includes(source.namespace) &&
      GOOD_ID.test(request.headers.get(header) ?? '')
    const ids = new WeakMap<Exchange['request'], string>()
    return {
      onRequest(exchange) {
        const { headers } = exchange.request
        if (!isKept(exchange)) headers.set(header, createId(env.random))
        ids.set(exchange.request, headers.get(header) ?? '')
      },
      onResponse({ request, response }) {
        const id = ids.get(request)
        if (answer && id !== undefined) response?.headers.set(header, id)
      },
    }
  },
}

export default requestIdPolicy

/** 128 bits as 32 hexadecimal digits; an id, not a secret. */
const createId = (random: () => number): string =>
  Array.from({ length: 4 }, () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('')
