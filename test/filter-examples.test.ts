/**
 * The examples of filters are cases too: each folder has a filter whose own tests are run with all others, objects that
 * configure it and that are understood as a whole, and a page that says how to try it.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { stages, type FilterDefinition } from 'fairway/filter'
import { tryFilters } from '../src/cli/filter/try-filters.ts'
import { translate } from '../src/config/translate/translate.ts'
import { isFault } from '../src/model/condition.ts'
import { loadText } from './support/load-text.ts'

const folder = path.join(import.meta.dirname, '../examples/filters')
const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

it('there are examples of filters, and the page has each of them', () => {
  assert.ok(names.length > 5)
  const page = readFileSync(path.join(folder, 'README.md'), 'utf8')
  for (const name of names) assert.ok(page.includes(`](${name}/README.md)`), name)
})

/** The `spec` of each Filter among the objects. */
const filtersIn = (text: string): readonly { readonly module: unknown; readonly config: unknown }[] =>
  parseAllDocuments(text).flatMap((document) => {
    const object: unknown = document.toJS()
    if (typeof object !== 'object' || object === null || !('kind' in object) || object.kind !== 'Filter') return []
    assert.ok('spec' in object && typeof object.spec === 'object' && object.spec !== null)
    const { module, config } = object.spec as { readonly module?: unknown; readonly config?: unknown }
    return [{ module, config }]
  })

for (const name of names) {
  const read = (file: string): string => readFileSync(path.join(folder, name, file), 'utf8')

  describe(`filter example ${name}`, () => {
    it('has a filter, its test, and a page that says how to run both', () => {
      for (const file of [`${name}.ts`, `${name}.test.ts`]) assert.ok(existsSync(path.join(folder, name, file)), file)
      const page = read('README.md')
      assert.match(page, /^# /)
      for (const verb of ['test', 'dev']) assert.ok(page.includes(`fairway filter ${verb} examples/filters/${name}\n`))
    })

    it('would be in force in a waypoint, among objects that are understood as a whole', async () => {
      const { objects, issues } = loadText('objects.yaml', read('objects.yaml'))
      assert.deepEqual(issues, [])
      const { conditions } = translate(objects, {
        clusterDomain: 'cluster.local',
        trustDomain: 'cluster.local',
        rootNamespace: 'istio-system',
        pathNormalization: 'BASE',
      })
      // Whoever translates has not tried the code.
      assert.deepEqual(
        conditions.filter((condition) => isFault(condition) && condition.object.kind !== 'Filter'),
        [],
      )
      const tried = await tryFilters([path.join(folder, name)])
      assert.deepEqual(tried, [{ kind: 'Filter', name, module: `${name}.ts`, fault: undefined }])
    })

    it('has objects whose configuration the filter takes, and a page with each of its fields', async () => {
      const { default: definition } = (await import(path.join(folder, name, `${name}.ts`))) as {
        readonly default: FilterDefinition
      }
      assert.ok(stages.includes(definition.stage))
      const filters = filtersIn(read('objects.yaml'))
      assert.equal(filters[0]?.module, `${name}.ts`)
      for (const { config } of filters) {
        const decoded = definition.config.decode(config ?? {}, 'spec.config')
        assert.ok(decoded.ok, JSON.stringify(decoded))
      }
      const page = read('README.md')
      const fields = Object.keys(definition.config.json['properties'] ?? {})
      for (const field of fields) assert.match(page, new RegExp(`^\\| \`${field}[\`.[]`, 'm'), field)
    })
  })
}
