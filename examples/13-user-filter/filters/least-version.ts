import { schema, type FilterDefinition } from 'fairway/filter'
import { compareVersions } from './lib/compare-versions.ts'

const config = schema.object({
  header: schema.withDefault(schema.string({ minLength: 1 }), 'x-client-version'),
  least: schema.string({ pattern: /\d+(\.\d+)*/, describe: 'a version like 2.1.0' }),
})

/** Turns clients away that are too old, or do not say how old they are. */
const leastVersion: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'LeastVersion',
  stage: 'admit',
  config,
  create: ({ header, least }, env) => ({
    onRequest: ({ request }) => {
      const found = request.headers.get(header)
      if (found !== undefined && compareVersions(found, least) >= 0) return
      return env.reply(426, {
        headers: [['x-least-version', least]],
        body: `${header} is ${found ?? 'missing'}, at least ${least} is needed\n`,
        reason: 'client_too_old',
      })
    },
  }),
}

export default leastVersion
