/** docs/reference/kinds/: every kind of ours with every field, from the schemas that the CRDs are made of. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { knownKinds } from '../../../src/config/objects/kinds.ts'
import { isPlainObject, type JsonSchema } from '../../../src/lib/schema.ts'
import { code, formatTable, generatedFrom, plain } from './markdown.ts'

/** A page of the reference by its name in the folder. */
export interface KindPage {
  readonly name: string
  readonly text: string
}

/** A page for each CRD, and an index that also names the kinds of others. */
export const formatKindPages = (root: string, crds: readonly JsonSchema[]): readonly KindPage[] => {
  const kinds = crds.map(readCrd).toSorted((a, b) => a.kind.localeCompare(b.kind))
  return [
    { name: 'README.md', text: formatIndex(kinds) },
    ...kinds.map((kind) => ({ name: fileOf(kind.kind), text: formatKind(kind, exampleOf(root, kind.kind)) })),
  ]
}

const fileOf = (kind: string): string => `${kind.toLowerCase()}.md`

interface Kind {
  readonly kind: string
  readonly plural: string
  readonly group: string
  readonly version: string
  readonly description: string
  readonly spec: JsonSchema
}

const readCrd = (crd: JsonSchema): Kind => {
  const spec = objectAt(crd, 'spec')
  const names = objectAt(spec, 'names')
  const [version] = listAt(spec, 'versions')
  const schema = objectAt(objectAt(version, 'schema'), 'openAPIV3Schema')
  return {
    kind: textAt(names, 'kind'),
    plural: textAt(names, 'plural'),
    group: textAt(spec, 'group'),
    version: textAt(version, 'name'),
    description: textAt(schema, 'description'),
    spec: objectAt(objectAt(schema, 'properties'), 'spec'),
  }
}

const formatIndex = (kinds: readonly Kind[]): string => `# Kinds

${generatedFrom('the schemas that decode them')}

## Ours

The CRDs are in [charts/fairway/crds](../../../charts/fairway/crds). A field that is not there is an error, not a wish.

${formatTable(
  ['kind', 'API', 'what it is for'],
  kinds.map(({ kind, group, version, description }) => [
    `[${kind}](${fileOf(kind)})`,
    code(`${group}/${version}`),
    plain(description),
  ]),
)}
## Of others

Read from files and from Kubernetes. Versions are read alike; the first is the one that a cluster is asked for. What a
waypoint does with them is in the [concepts](../../concepts).

${formatTable(['kind', 'group', 'versions', ''], formatOthers(new Set(kinds.map(({ kind }) => kind))))}`

const formatOthers = (ours: ReadonlySet<string>): readonly (readonly string[])[] =>
  [...knownKinds]
    .filter(([kind]) => !ours.has(kind))
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([kind, { group, versions, decode }]) => [
      code(kind),
      group === '' ? 'core' : code(group),
      versions.map(code).join(', '),
      decode === undefined ? 'known, and without effect so far' : '',
    ])

const formatKind = (
  { kind, plural, group, version, description, spec }: Kind,
  example: Example | undefined,
): string => {
  const rules = rulesIn(spec, 'spec')
  return `# ${kind}

${generatedFrom('its schema')} API \`${group}/${version}\`; \`kubectl get ${plural}\` lists them.

${plain(description)}${example?.page === undefined ? '' : ` More in [its page](${example.page}).`}

## Fields

${formatTable(['field', 'type', 'default', 'meaning'], fieldsOf(spec, 'spec'))}
${rules.length === 0 ? '' : `## Rules\n\n${rules.map(({ at, message }) => `- ${code(at)}: ${plain(message)}\n`).join('')}\n`}\
${example === undefined ? '' : `## Example\n\n\`\`\`yaml\n${example.text.trim()}\n\`\`\`\n`}`
}

interface Example {
  readonly text: string
  readonly page: string | undefined
}

/** Built-in filters have an example beside their code. */
const exampleOf = (root: string, kind: string): Example | undefined => {
  const file = globSync('filters/*/example.yaml', { cwd: root })
    .toSorted()
    .find((name) => new RegExp(`^kind: ${kind}$`, 'm').test(readFileSync(path.join(root, name), 'utf8')))
  if (file === undefined) return undefined
  const page = `${path.posix.dirname(file.split(path.sep).join('/'))}/README.md`
  return {
    text: readFileSync(path.join(root, file), 'utf8'),
    page: existsSync(path.join(root, page)) ? `../../../${page}` : undefined,
  }
}

/** A row for each field, those inside of it below. */
const fieldsOf = (schema: JsonSchema, at: string): readonly (readonly string[])[] => {
  const required = new Set(listAt(schema, 'required'))
  return Object.entries(objectAt(schema, 'properties')).flatMap(([name, written]) => {
    const field = isPlainObject(written) ? written : {}
    const where = `${at}.${name}`
    const inner = innerOf(field)
    const row = [
      code(where + inner.suffix),
      formatType(field) + (required.has(name) ? ', required' : ''),
      'default' in field ? code(JSON.stringify(field['default'])) : '',
      plain([textAt(field, 'description'), ...limitsOf(field)].filter((text) => text !== '').join(' ')),
    ]
    return [row, ...fieldsOf(inner.schema, where + inner.suffix)]
  })
}

/** What is inside of a list or a map. */
const innerOf = (schema: JsonSchema): { readonly schema: JsonSchema; readonly suffix: string } => {
  if (schema['type'] === 'array') return { schema: objectAt(schema, 'items'), suffix: '[]' }
  if (isPlainObject(schema['additionalProperties'])) return { schema: schema['additionalProperties'], suffix: '.KEY' }
  return { schema, suffix: '' }
}

const formatType = (schema: JsonSchema): string => {
  if (schema['type'] === 'array') return `list of ${formatType(objectAt(schema, 'items'))}`
  if (isPlainObject(schema['additionalProperties'])) return `map of ${formatType(schema['additionalProperties'])}`
  const values = listAt(schema, 'enum')
  if (values.length > 0) return values.map((value) => code(String(value))).join(' or ')
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string'
  return typeof schema['type'] === 'string' ? schema['type'] : 'anything'
}

const words = {
  minimum: ['at least', ''],
  maximum: ['at most', ''],
  minLength: ['at least', ' characters'],
  maxLength: ['at most', ' characters'],
  minItems: ['at least', ' entries'],
  maxItems: ['at most', ' entries'],
} as const

const limitsOf = (schema: JsonSchema): readonly string[] => {
  const limits = Object.entries(words).flatMap(([key, [before, behind]]) => {
    const value = schema[key]
    return typeof value === 'number' ? [`${before} ${value}${behind}`] : []
  })
  const pattern = textAt(schema, 'pattern')
  if (pattern !== '') limits.push(`matches ${code(pattern)}`)
  return limits.length === 0 ? [] : [`(${limits.join(', ')})`]
}

interface Rule {
  readonly at: string
  readonly message: string
}

/** What an API server checks beyond single fields. */
const rulesIn = (schema: JsonSchema, at: string): readonly Rule[] => {
  const inner = innerOf(schema)
  const own = listAt(schema, 'x-kubernetes-validations').map((rule) => ({ at, message: textAt(rule, 'message') }))
  const below = Object.entries(objectAt(inner.schema, 'properties')).flatMap(([name, field]) =>
    isPlainObject(field) ? rulesIn(field, `${at}${inner.suffix}.${name}`) : [],
  )
  const items = inner.suffix === '' ? [] : listAt(inner.schema, 'x-kubernetes-validations')
  return [...own, ...items.map((rule) => ({ at: at + inner.suffix, message: textAt(rule, 'message') })), ...below]
}

const valueAt = (value: unknown, key: string): unknown => (isPlainObject(value) ? value[key] : undefined)

const objectAt = (value: unknown, key: string): JsonSchema => {
  const found = valueAt(value, key)
  return isPlainObject(found) ? found : {}
}

const textAt = (value: unknown, key: string): string => {
  const found = valueAt(value, key)
  return typeof found === 'string' ? found : ''
}

const listAt = (value: unknown, key: string): readonly unknown[] => {
  const found = valueAt(value, key)
  return Array.isArray(found) ? found : []
}
