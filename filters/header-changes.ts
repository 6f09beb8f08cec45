import { schema } from 'fairway/filter'
import type { HeaderList, Schema } from 'fairway/filter'
import { fieldName } from './field-name.ts'

/** Fields that say where a message ends or what its connection does: a filter that touched them would break the framing. */
const framing = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The name of a header that a filter may write. */
export const headerName = schema.refine(fieldName, (value, path) =>
  framing.has(value.toLowerCase())
    ? [
        {
          message: 'cannot be changed by a filter',
          path,
          found: value,
          expected: 'a header that does not frame the message',
        },
      ]
    : [],
)

/** What a filter may write into a header. */
export const headerValue = schema.string({
  minLength: 1,
  maxLength: 4096,
  pattern: /[!-~]+(?:[ \t]+[!-~]+)*/,
  describe: 'a header value of visible ASCII, with spaces and tabs only inside',
})

/** Headers with what they say. */
export const headerPairs = schema.array(
  schema.object({
    name: schema.documented(headerName, 'Of the header, in any case.'),
    value: schema.documented(headerValue, 'What it says.'),
  }),
  { maxItems: 16 },
)

/** The fields `set`, `add` and `remove`; `pairs` is the schema of what the first two write. */
export const changesBy = <T>(pairs: Schema<readonly T[]>) =>
  schema.object({
    set: schema.documented(schema.withDefault(pairs, []), 'Replaces all values of each header with one.'),
    add: schema.documented(schema.withDefault(pairs, []), 'Appends a value to those that are there.'),
    remove: schema.documented(
      schema.withDefault(schema.array(headerName, { maxItems: 16 }), []),
      'Drops all values of each header.',
    ),
  })

const fields = changesBy(headerPairs)

export type HeaderChanges = schema.ValueOf<typeof fields>

/** HTTPHeaderFilter: what `set`, `add` and `remove` do to the headers of a message; each name at most once. */
export const headerChanges: Schema<HeaderChanges> = schema.refine(fields, (changes, path) => {
  const names = namesOf(changes)
  return names
    .filter((changed, index) => names.findIndex((other) => other.toLowerCase() === changed.toLowerCase()) !== index)
    .map((found) => ({ message: 'header is changed twice', path, found, expected: 'one action per header' }))
})

/** Makes the function that changes a message's headers; names are lower-cased once, here. */
export const createHeaderChanger = (changes: HeaderChanges): ((headers: HeaderList) => void) => {
  const set = changes.set.map((pair) => ({ name: pair.name.toLowerCase(), value: pair.value }))
  const add = changes.add.map((pair) => ({ name: pair.name.toLowerCase(), value: pair.value }))
  const remove = changes.remove.map((changed) => changed.toLowerCase())
  return (headers) => {
    for (const pair of set) headers.setLower(pair.name, pair.value)
    for (const pair of add) headers.add(pair.name, pair.value)
    for (const changed of remove) headers.removeLower(changed)
  }
}

const namesOf = (changes: HeaderChanges): readonly string[] => [
  ...changes.set.map((pair) => pair.name),
  ...changes.add.map((pair) => pair.name),
  ...changes.remove,
]
