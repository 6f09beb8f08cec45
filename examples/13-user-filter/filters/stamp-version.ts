import { schema, type FilterDefinition } from 'fairway/filter'

const config = schema.object({ header: schema.string({ minLength: 1 }), value: schema.string() })

const stampVersion: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'StampVersion',
  stage: 'shape',
  config,
  create: ({ header, value }) => ({
    onRequest: ({ request }) => request.headers.set(header, value),
    onResponse: ({ response }) => response?.headers.set(header, value),
  }),
}

export default stampVersion
