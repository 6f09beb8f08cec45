import { schema, type Exchange, type FilterDefinition, type HeaderList } from 'fairway/filter'

const text = schema.string({ minLength: 1 })
const texts = schema.optional(schema.array(text, { minItems: 1 }))

const changes = schema.optional(
  schema.object({
    set: schema.withDefault(schema.record(schema.string()), {}),
    remove: schema.withDefault(schema.array(text), []),
  }),
)

const rule = schema.object({
  when: schema.documented(
    schema.object({
      methods: schema.documented(texts, 'One of these.'),
      pathPrefix: schema.documented(schema.optional(text), 'How the path begins.'),
      hasHeader: schema.documented(schema.optional(text), 'A header that is there, whatever it says.'),
      namespaces: schema.documented(texts, 'The namespace of the client, by its certificate.'),
    }),
    'All that is said here has to hold; nothing: always.',
  ),
  request: schema.documented(changes, 'What is done to the request.'),
  response: schema.documented(changes, 'What is done to the response.'),
})

const config = schema.object({
  rules: schema.documented(schema.array(rule, { minItems: 1 }), 'Each for itself, in order.'),
})

type Rule = schema.ValueOf<typeof rule>

/** Sets and removes headers of requests and responses, each rule under its own conditions. */
const headersByCondition: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'HeadersByCondition',
  stage: 'shape',
  config,
  create: ({ rules }) => {
    // What held for the request holds for its response, whatever was changed meanwhile.
    const found = new WeakMap<Exchange['request'], readonly Rule[]>()
    return {
      onRequest(exchange) {
        const holding = rules.filter(({ when }) => holds(when, exchange))
        if (holding.length === 0) return
        found.set(exchange.request, holding)
        for (const { request } of holding) change(exchange.request.headers, request)
      },
      onResponse({ request, response }) {
        if (response === undefined) return
        for (const held of found.get(request) ?? []) change(response.headers, held.response)
      },
    }
  },
}

export default headersByCondition

const holds = ({ methods, pathPrefix, hasHeader, namespaces }: Rule['when'], { request, source }: Exchange): boolean =>
  (methods === undefined || methods.includes(request.method)) &&
  (pathPrefix === undefined || request.path.startsWith(pathPrefix)) &&
  (hasHeader === undefined || request.headers.has(hasHeader)) &&
  (namespaces === undefined || (source.namespace !== undefined && namespaces.includes(source.namespace)))

const change = (headers: HeaderList, asked: Rule['request']): void => {
  if (asked === undefined) return
  for (const name of asked.remove) headers.remove(name)
  for (const [name, value] of Object.entries(asked.set)) headers.set(name, value)
}
