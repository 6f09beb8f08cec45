import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { stages } from 'fairway/filter'
import type { FilterDefinition } from 'fairway/filter'
import { parse, parseAllDocuments } from 'yaml'
import { builtinFilters } from './index.ts'
import { objectFilters } from './object-filters.ts'

const withObjects = new Set(objectFilters.map(({ definition }) => definition.kind))

const kebab = (kind: string): string => kind.replace(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase()
const camel = (kind: string): string => kebab(kind).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

const read = ({ kind }: FilterDefinition, file: string): string =>
  readFileSync(new URL(`${kebab(kind)}/${file}`, import.meta.url), 'utf8')

for (const definition of builtinFilters) {
  const { kind, stage, config } = definition
  test(`${kind} has a stage, a schema and a page`, () => {
    assert.ok(stages.includes(stage))
    assert.equal(config.json['type'], 'object')
    assert.ok(read(definition, 'README.md').startsWith(`# ${kind}\n`))
  })

  if (withObjects.has(kind)) {
    test(`the example of ${kind} is an object whose spec is good`, () => {
      const objects = parseAllDocuments(read(definition, 'example.yaml')).map((document) => document.toJS())
      const example = objects.find((object) => object.kind === kind)
      assert.equal(example?.apiVersion, 'fairway.dev/v1alpha1')
      const { targetRefs: _, ...spec } = example.spec
      const decoded = config.decode(spec, 'spec')
      assert.ok(decoded.ok, JSON.stringify(decoded))
    })
    continue
  }

  test(`the example of ${kind} is a route whose filter is good`, () => {
    const route = parse(read(definition, 'example.yaml'))
    const [filter] = route.spec.rules[0].filters
    assert.equal(route.kind, 'HTTPRoute')
    assert.equal(filter.type, kind)
    const field = camel(kind)
    assert.deepEqual(Object.keys(filter), ['type', field])
    const decoded = config.decode(filter[field], field)
    assert.ok(decoded.ok, JSON.stringify(decoded))
  })
}

test('each kind is there once', () => {
  assert.equal(new Set(builtinFilters.map(({ kind }) => kind)).size, builtinFilters.length)
})
