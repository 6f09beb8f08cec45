import { readFileSync, statSync } from 'node:fs'
import { schema, type FilterDefinition } from 'fairway/filter'

const text = schema.string({ minLength: 1 })

const config = schema.object({
  file: schema.documented(
    text,
    'JSON: one object whose values are texts. In Kubernetes a file of a mounted ConfigMap.',
  ),
  from: schema.documented(text, 'The header whose value is looked up.'),
  to: schema.documented(text, 'The header that gets what is found; what clients write there is dropped.'),
  fallback: schema.documented(schema.optional(schema.string()), 'For what is not found; left out: no header.'),
  everySeconds: schema.documented(
    schema.withDefault(schema.integer({ min: 1, max: 3600 }), 5),
    'How often the file is looked at.',
  ),
})

const table = schema.record(schema.string())

/** Sets a header by a table in a file, which may change at any time: a bad new one is told of, and the old one stays. */
const lookupFromFile: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'LookupFromFile',
  stage: 'shape',
  config,
  create: ({ file, from, to, fallback, everySeconds }, env) => {
    // Without a good first table the filter does not start, and says why.
    let entries = readTable(file)
    let seen = stateOf(file)
    let lookedAtMs = env.now()

    /** A look at a local file takes microseconds, and is taken every few seconds: a thread of its own would be for nothing. */
    const refresh = (): void => {
      if (env.now() - lookedAtMs < everySeconds * 1000) return
      lookedAtMs = env.now()
      try {
        const state = stateOf(file)
        if (state === seen) return
        seen = state
        entries = readTable(file)
        env.log('info', `${file} is read anew: ${entries.size} entries`)
      } catch (error) {
        env.log('warn', `${file} stays as it was: ${error instanceof Error ? error.message : String(error)}`)
      }
    }

    return {
      onRequest({ request }) {
        refresh()
        const value = entries.get(request.headers.get(from) ?? '') ?? fallback
        if (value === undefined) request.headers.remove(to)
        else request.headers.set(to, value)
      },
    }
  },
}

export default lookupFromFile

const readTable = (file: string): ReadonlyMap<string, string> => {
  const decoded = table.decode(JSON.parse(readFileSync(file, 'utf8')), '')
  if (decoded.ok) return new Map(Object.entries(decoded.value))
  const [issue] = decoded.issues
  throw new Error(`${issue?.path ?? ''}: found ${issue?.found ?? 'nothing'}, expected ${issue?.expected ?? 'a text'}`)
}

/** Changes with the file; a ConfigMap's is another file each time. */
const stateOf = (file: string): string => {
  const { mtimeMs, size, ino } = statSync(file)
  return `${mtimeMs} ${size} ${ino}`
}
