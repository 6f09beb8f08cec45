import { schema, type FilterDefinition } from 'fairway/filter'

const path = schema.string({
  minLength: 1,
  pattern: /[^.]+(?:\.[^.]+)*/,
  describe: 'names with dots between: user.email',
})

const config = schema.object({
  remove: schema.documented(schema.withDefault(schema.array(path), []), 'Fields that nobody outside shall see.'),
  rename: schema.documented(schema.withDefault(schema.record(path), {}), 'New names of fields, by their paths.'),
  set: schema.documented(schema.withDefault(schema.record(schema.anything()), {}), 'Values of fields, by their paths.'),
})

type Fields = Record<string, unknown>

/** Removes, renames and sets fields of JSON responses; lists are gone through, so that `items.cost` is that of each item. */
const jsonFields: FilterDefinition<schema.ValueOf<typeof config>> = {
  kind: 'JsonFields',
  stage: 'shape',
  config,
  body: { response: 'buffer', limitBytes: 4 * 1024 * 1024 },
  create: ({ remove, rename, set }, env) => {
    const changes = [
      ...remove.map((field) => changeAt(field, (parent, name) => void delete parent[name])),
      ...Object.entries(rename).map(([field, to]) =>
        changeAt(field, (parent, name) => {
          if (!Object.hasOwn(parent, name)) return
          const value = parent[name]
          delete parent[name]
          define(parent, to, value)
        }),
      ),
      ...Object.entries(set).map(([field, value]) => changeAt(field, (parent, name) => define(parent, name, value))),
    ]
    return {
      onRequest: ({ request }) => request.headers.set('accept-encoding', 'identity'),
      transformResponse({ response }) {
        if (!isJson(response?.headers.get('content-type'))) return undefined
        return (bytes) => {
          const body = parse(bytes)
          // What cannot be read might have the very fields that nobody shall see.
          if (body === undefined) return env.reply(502, { body: 'the answer is no JSON\n', reason: 'unreadable_json' })
          for (const change of changes) change(body.value)
          return JSON.stringify(body.value)
        }
      },
    }
  },
}

export default jsonFields

/** A change of the field that a path leads to, in each object that it leads through. */
const changeAt = (field: string, change: (parent: Fields, name: string) => void): ((value: unknown) => void) => {
  const names = field.split('.')
  const last = names.at(-1) ?? ''
  const visit = (value: unknown, depth: number): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, depth)
    else if (isFields(value)) {
      if (depth === names.length - 1) change(value, last)
      else if (Object.hasOwn(value, names[depth] ?? '')) visit(value[names[depth] ?? ''], depth + 1)
    }
  }
  return (value) => visit(value, 0)
}

/** An assignment to `__proto__` would change what the object inherits, in place of a field. */
const define = (parent: Fields, name: string, value: unknown): void =>
  void Object.defineProperty(parent, name, { value, configurable: true, enumerable: true, writable: true })

const parse = (bytes: Buffer): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(bytes.toString()) }
  } catch {
    return undefined
  }
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const isJson = (contentType: string | undefined): boolean =>
  contentType !== undefined && /^application\/(?:[\w.-]+\+)?json\b/i.test(contentType)
