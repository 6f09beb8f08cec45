/** The examples are cases too: each folder's `objects.yaml` must come to what its `expect.yaml` says. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { builtinFilters } from '../filters/index.ts'
import { createObjectLoader } from '../src/config/load-objects.ts'
import { parseText } from '../src/config/source/parse-text.ts'
import { translate } from '../src/config/translate/translate.ts'
import { createFilterInstances } from '../src/filter/instances.ts'
import { compile } from '../src/snapshot/compile.ts'
import { explainRequest } from '../src/snapshot/explain.ts'
import type { Snapshot } from '../src/snapshot/snapshot.ts'

interface Expectation {
  readonly issues: number
  readonly requests: readonly {
    readonly what: string
    readonly authority: string
    readonly path: string
    readonly source: string
    readonly outcome: string
    readonly status?: number
    readonly route?: string
    readonly rule?: string
    readonly backends?: Readonly<Record<string, number>>
  }[]
}

const folder = path.join(import.meta.dirname, '../examples')

const load = (name: string): { readonly snapshot: Snapshot; readonly issues: readonly unknown[] } => {
  const file = path.join(folder, name, 'objects.yaml')
  const parsed = parseText(file, readFileSync(file, 'utf8'), new Map())
  assert.ok(parsed.ok, `${file} can be parsed`)
  const { objects, issues } = createObjectLoader()(parsed.objects)
  const { model, conditions } = translate(objects, {
    clusterDomain: 'cluster.local',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    pathNormalization: 'BASE',
  })
  const bad = conditions.filter((condition) => condition.status !== 'True' && condition.type !== 'Conflicted')
  const host = { now: () => 0, random: () => 0, log: () => {} }
  const filters = createFilterInstances(builtinFilters, host).make
  return { snapshot: compile(model, { generation: 1, filters }), issues: [...issues, ...bad] }
}

const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

it('there are examples', () => assert.ok(names.includes('01-canary')))

for (const name of names) {
  describe(`example ${name}`, () => {
    const expected = parse(readFileSync(path.join(folder, name, 'expect.yaml'), 'utf8')) as Expectation
    const { snapshot, issues } = load(name)
    it('is understood as a whole', () => assert.equal(issues.length, expected.issues, JSON.stringify(issues)))
    it('expects something', () => assert.ok(expected.requests.length > 0))
    for (const { what, authority, path: target, source, ...wanted } of expected.requests) {
      it(what, () => {
        const query = { authority, method: 'GET', target, headers: [], sourceNamespace: source }
        const explanation = explainRequest(snapshot, query)
        const { outcome, status, route, rule } = explanation
        const backends = Object.fromEntries(explanation.backends.map((backend) => [backend.name, backend.weight]))
        const found: Readonly<Record<string, unknown>> = { outcome, status, route, rule, backends }
        for (const [key, value] of Object.entries(wanted)) assert.deepEqual(found[key], value, `${key} of ${authority}`)
      })
    }
  })
}
