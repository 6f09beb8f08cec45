/** The three files that the description of the values becomes. */
import { stringify } from 'yaml'
import { isNeeded, type Value, type ValueGroup, type ValueSchema, type ValueTree } from './value-node.ts'

const HEADER = 'Generated from scripts/generate/chart by "npm run generate": change that, not this.'
const WIDTH = 110

/** values.yaml: each value with its default, and what it is above it. */
export const formatValuesFile = (values: ValueTree): string =>
  `# ${HEADER}\n# Every value of the chart with its default. What is not here is refused by name.\n\n${formatTree(values, 0)}`

const formatTree = (values: ValueTree, depth: number): string => {
  const separator = depth === 0 ? '\n' : ''
  return Object.entries(values)
    .map(([key, node]) => `${formatComment(node.about, depth)}${formatNode(key, node, depth)}`)
    .join(separator)
}

const formatNode = (key: string, node: Value | ValueGroup, depth: number): string =>
  node.kind === 'group'
    ? `${indent(depth)}${key}:\n${formatTree(node.values, depth + 1)}`
    : stringify({ [key]: node.byDefault }, { lineWidth: 0 }).replaceAll(/^(?=.)/gm, indent(depth))

const formatComment = (about: string, depth: number): string => {
  const lines: string[] = []
  for (const word of about.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length + 1 > WIDTH - 2 * depth) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines.map((line) => `${indent(depth)}# ${line}\n`).join('')
}

const indent = (depth: number): string => '  '.repeat(depth)

/** values.schema.json: refuses what it does not know. */
export const formatValuesSchema = (values: ValueTree): string => {
  const root = schemaOfTree(values)
  const schema = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment: HEADER,
    title: 'Values of the chart fairway',
    ...root,
    properties: {
      ...root.properties,
      // Helm gives these to a chart that is part of another one.
      global: { description: 'Values of all charts of a release. None of them is read here.', type: 'object' },
      enabled: { description: 'For charts that have this one as a dependency with a condition.', type: 'boolean' },
    },
  }
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

const schemaOfTree = (values: ValueTree): ValueSchema & { readonly properties: Readonly<Record<string, unknown>> } => ({
  type: 'object',
  additionalProperties: false,
  properties: Object.fromEntries(Object.entries(values).map(([key, node]) => [key, schemaOf(node)])),
  required: Object.entries(values).flatMap(([key, node]) => (node.kind === 'group' || isNeeded(node) ? [key] : [])),
})

const schemaOf = (node: Value | ValueGroup): ValueSchema =>
  node.kind === 'group'
    ? { description: node.about, ...schemaOfTree(node.values) }
    : { description: node.about, default: node.byDefault, ...node.schema }

/** docs/reference/chart-values.md */
export const formatValuesPage = (values: ValueTree): string => `# Values of the chart

Generated from the description of the values by \`npm run generate\`. [Installing](../concepts/install.md) says how they are
set. A value that is not here, or of another type, is refused with its name.

| value | default | what |
| --- | --- | --- |
${rowsOf(values, '').join('\n')}
`

const rowsOf = (values: ValueTree, prefix: string): readonly string[] =>
  Object.entries(values).flatMap(([key, node]) =>
    node.kind === 'group'
      ? [`| **\`${prefix}${key}\`** | | ${cell(node.about)} |`, ...rowsOf(node.values, `${prefix}${key}.`)]
      : [`| \`${prefix}${key}\` | \`${cell(JSON.stringify(node.byDefault))}\` | ${cell(node.about)} |`],
  )

const cell = (about: string): string => about.replaceAll('|', '\\|')
