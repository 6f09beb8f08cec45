/** What an API server would refuse about a CRD, or a reader of `kubectl explain` miss, in every one of ours. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPlainObject, type JsonSchema } from '../../lib/schema.ts'
import { RE2JS } from 're2js'
import { objectFilters } from '../../../filters/object-filters.ts'
import { kindApis } from '../objects/kind-apis.ts'
import { createOurCrds } from './our-crds.ts'

interface Node {
  readonly path: string
  readonly json: JsonSchema
}

/** A schema and all that it is made of. */
const nodesOf = (path: string, json: JsonSchema): readonly Node[] => {
  const parts = isPlainObject(json['properties']) ? Object.entries(json['properties']) : []
  const inner = [
    ...parts.map(([name, part]) => [`${path}.${name}`, part] as const),
    [`${path}[]`, json['items']] as const,
    [`${path}{}`, json['additionalProperties']] as const,
  ]
  return [{ path, json }, ...inner.flatMap(([at, part]) => (isPlainObject(part) ? nodesOf(at, part) : []))]
}

const get = (value: unknown, ...keys: readonly (string | number)[]): unknown => {
  let found = value
  for (const key of keys) found = typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined
  return found
}

const typeOf = (value: unknown): string =>
  Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value

/** Whether a value is one that the schema lets pass, as far as defaults need it. */
const isValid = (value: unknown, json: JsonSchema): boolean => {
  if (json['type'] !== undefined && typeOf(value) !== json['type'] && !(json['type'] === 'number')) return false
  if (typeof value === 'string' && typeof json['pattern'] === 'string' && !new RegExp(json['pattern']).test(value))
    return false
  if (Array.isArray(json['enum']) && !json['enum'].includes(value)) return false
  if (!isPlainObject(value)) return true
  return Object.entries(value).every(([key, part]) => {
    const field = get(json, 'properties', key)
    return isPlainObject(field) && isValid(part, field)
  })
}

const crds = createOurCrds()

it('every kind of ours has one', () => {
  const ours = Object.entries(kindApis)
    .flatMap(([kind, api]) => (api.group === 'fairway.dev' ? [kind] : []))
    .concat(objectFilters.map(({ definition }) => definition.kind))
  assert.deepEqual(crds.map((crd) => String(get(crd, 'spec', 'names', 'kind'))).toSorted(), ours.toSorted())
})

for (const crd of crds) {
  describe(`the CRD of ${String(get(crd, 'spec', 'names', 'kind'))}`, () => {
    const root = get(crd, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema')
    assert.ok(isPlainObject(root))
    const nodes = nodesOf('', root)

    it('has the name that its plural and group make', () => {
      assert.equal(get(crd, 'metadata', 'name'), `${String(get(crd, 'spec', 'names', 'plural'))}.fairway.dev`)
    })

    it('has a type everywhere, and declares fields nowhere but in objects', () => {
      for (const { path, json } of nodes) {
        assert.ok(json['type'] !== undefined || json['x-kubernetes-preserve-unknown-fields'] === true, path)
        for (const key of ['oneOf', 'anyOf', 'allOf', 'not', '$ref', 'const'])
          assert.ok(!(key in json), `${path} ${key}`)
        assert.ok(!('properties' in json && 'additionalProperties' in json), path)
      }
    })

    it('says of each field what it is', () => {
      const bare = nodes.filter(({ path, json }) => !/[\]}]$/.test(path) && typeof json['description'] !== 'string')
      assert.deepEqual(
        bare.map(({ path }) => path),
        [],
      )
    })

    it('has patterns that Go’s expressions know', () => {
      for (const { path, json } of nodes) {
        if (typeof json['pattern'] === 'string') assert.doesNotThrow(() => RE2JS.compile(String(json['pattern'])), path)
      }
    })

    it('has defaults that are good values themselves', () => {
      for (const { path, json } of nodes) {
        if ('default' in json) assert.ok(isValid(json['default'], json), `${path}: ${JSON.stringify(json['default'])}`)
      }
    })

    it('requires only fields that there are', () => {
      for (const { path, json } of nodes) {
        const required = Array.isArray(json['required']) ? json['required'] : []
        for (const name of required) assert.ok(get(json, 'properties', String(name)) !== undefined, `${path}.${name}`)
      }
    })

    it('has columns that show fields', () => {
      for (const column of [get(crd, 'spec', 'versions', 0, 'additionalPrinterColumns')].flat()) {
        const steps = String(get(column, 'jsonPath'))
          .replaceAll(/\[[^\]]*\]/g, '[]')
          .split(/\.|(?=\[)/)
        if (steps[1] === 'metadata') continue
        let at: unknown = root
        for (const step of steps.filter((name) => name !== '')) {
          at = step === '[]' ? get(at, 'items') : get(at, 'properties', step)
        }
        assert.ok(at !== undefined, String(get(column, 'jsonPath')))
      }
    })
  })
}
