/**
 * The examples are cases too: each folder's `objects.yaml` must come to what its `expect.yaml` says, and each request
 * or connection that its README asks about must be among those.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { createExchange, runChain } from 'fairway/filter/testing'
import { parse } from 'yaml'
import { builtinFilters } from '../filters/index.ts'
import { isUserKind } from '../src/config/objects/filter/filter-object.ts'
import { withMeshConfig } from '../src/config/mesh-options.ts'
import { readMeshFile } from '../src/config/source/mesh-file.ts'
import { createFilterTrials } from '../src/config/filters/filter-trials.ts'
import { noFilterVersions, type FilterVersions } from '../src/config/translate/filter/filter-version.ts'
import type { SourcedObject, TranslateOptions } from '../src/config/translate/options.ts'
import { translate } from '../src/config/translate/translate.ts'
import type { FilterDefinition } from '../src/filter/index.ts'
import { createFilterInstances } from '../src/filter/instances.ts'
import { HeaderList } from '../src/http/header-list.ts'
import { anything } from '../src/lib/schema.ts'
import { isFault } from '../src/model/condition.ts'
import { createModuleStore } from '../src/proxy/apply/module-store.ts'
import { compile } from '../src/snapshot/compile.ts'
import { explainRequest } from '../src/snapshot/explain.ts'
import { findFrontend, resolve } from '../src/snapshot/resolve.ts'
import type { RulePlan, Snapshot } from '../src/snapshot/snapshot.ts'
import { loadText } from './support/load-text.ts'

interface ExpectedRequest {
  readonly what: string
  readonly authority: string
  /** Of a request; a connection has none. */
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A namespace, or `NAMESPACE/ACCOUNT`. */
  readonly source?: string
  /** Of a verified token. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Server name of a TLS connection, empty for one that names none. */
  readonly sni?: string
  /** What is looked for in the tunnel. */
  readonly tunnel?: string
  readonly outcome: string
  readonly status?: number
  readonly route?: string
  readonly rule?: string
  readonly backends?: Readonly<Record<string, number>>
  /** Words that the reasons of the explanation have, or have not. */
  readonly says?: readonly string[]
  readonly neverSays?: readonly string[]
  /** What the rule's filters answer themselves; a header of `null` is one that must not be there. */
  readonly answer?: {
    readonly status: number
    readonly headers?: Readonly<Record<string, string | null>>
    /** So many of the same are let pass before. */
    readonly after?: number
  }
}

interface Expectation {
  readonly issues: number
  readonly requests: readonly ExpectedRequest[]
}

const folder = path.join(import.meta.dirname, '../examples')

/** With the MeshConfig that stands in the folder as `mesh.yaml`, if one does. */
const optionsOf = (name: string): TranslateOptions => {
  const options: TranslateOptions = {
    clusterDomain: 'cluster.local',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    pathNormalization: 'BASE',
  }
  const file = path.join(folder, name, 'mesh.yaml')
  if (!existsSync(file)) return options
  const mesh = readMeshFile(file)
  assert.ok(mesh.ok, JSON.stringify(mesh))
  return withMeshConfig(options, mesh, { path: 'mesh.yaml', flags: [] }).options
}

/** Nobody is asked here. */
const externalAuth: FilterDefinition = {
  kind: 'ExternalAuth',
  stage: 'identify',
  config: anything(),
  create: () => ({}),
}

/** What the Filters of an example come to, whose code stands in its folder `filters`. */
const tryFilters = async (name: string, objects: readonly SourcedObject[]): Promise<FilterVersions> => {
  const root = path.join(folder, name, 'filters')
  if (!existsSync(root)) return noFilterVersions
  const filters = objects.flatMap(({ read }) =>
    read.state === 'typed' && read.object.kind === 'Filter' && isUserKind(read.object.as) ? [read.object] : [],
  )
  return createFilterTrials(root).settle(filters)
}

const load = async (name: string): Promise<{ readonly snapshot: Snapshot; readonly issues: readonly unknown[] }> => {
  const file = path.join(folder, name, 'objects.yaml')
  const { objects, issues } = loadText(file, readFileSync(file, 'utf8'))
  const { model, conditions } = translate(objects, optionsOf(name), await tryFilters(name, objects))
  const bad = conditions.filter(isFault)
  const modules = createModuleStore()
  modules.use(model.filterModules ?? [])
  const host = { now: () => 0, random: () => 0, log: () => {}, code: modules.code }
  const filters = createFilterInstances([...builtinFilters, externalAuth], host).make
  return { snapshot: compile(model, { generation: 1, filters }), issues: [...issues, ...bad] }
}

const explain = (snapshot: Snapshot, request: ExpectedRequest) =>
  explainRequest(snapshot, {
    authority: request.authority,
    method: request.method ?? 'GET',
    target: request.path ?? '/',
    headers: Object.entries(request.headers ?? {}),
    ...clientOf(request.source),
    ...(request.claims === undefined ? {} : { claims: request.claims }),
    ...(request.sni === undefined ? {} : { sni: request.sni }),
  })

const clientOf = (source: string | undefined) => {
  const [sourceNamespace, serviceAccount] = source?.split('/') ?? []
  return { sourceNamespace, ...(serviceAccount === undefined ? {} : { serviceAccount }) }
}

const ruleOf = (snapshot: Snapshot, request: ExpectedRequest): RulePlan => {
  const frontend = findFrontend(snapshot, request.authority)
  assert.ok(frontend !== undefined)
  const headers = new HeaderList(Object.entries(request.headers ?? {}).flat())
  const message = { method: request.method ?? 'GET', path: request.path ?? '/', query: '', headers }
  const resolution = resolve(frontend, message, clientOf(request.source).sourceNamespace)
  assert.ok(resolution.kind === 'match')
  return resolution.rule
}

/** The requests that a README asks the admin API about. */
const asked = (name: string): readonly URLSearchParams[] => {
  const text = readFileSync(path.join(folder, name, 'README.md'), 'utf8')
  return Array.from(text.matchAll(/http:\/\/127\.0\.0\.1:15000\/resolve\?([^'"\s]+)/g), ([, query]) => {
    return new URLSearchParams(query)
  })
}

const isAbout = (query: URLSearchParams, request: ExpectedRequest): boolean => {
  const headers = Object.entries(request.headers ?? {}).map(([header, value]) => `${header}: ${value}`)
  return (
    query.get('authority') === request.authority &&
    (query.get('path') ?? '/') === (request.path ?? '/') &&
    (query.get('sni') ?? undefined) === request.sni &&
    (query.get('source') ?? request.source) === request.source &&
    (query.get('method') ?? 'GET') === (request.method ?? 'GET') &&
    query.getAll('header').join('\n') === headers.join('\n') &&
    isDeepStrictEqual(JSON.parse(query.get('claims') ?? 'null'), request.claims ?? null)
  )
}

/** `filters` has those of filters: see filter-examples.test.ts. */
const names = readdirSync(folder).filter((name) => /^\d\d-/.test(name))

it('there are examples', () => assert.ok(names.includes('01-canary')))

for (const name of names) {
  const { snapshot, issues } = await load(name)
  describe(`example ${name}`, () => {
    const expected = parse(readFileSync(path.join(folder, name, 'expect.yaml'), 'utf8')) as Expectation
    it('is understood as a whole', () => assert.equal(issues.length, expected.issues, JSON.stringify(issues)))
    it('expects something', () => assert.ok(expected.requests.length > 0))
    for (const { what, ...request } of expected.requests) {
      it(what, () => {
        const { reasons, backends, ...explanation } = explain(snapshot, { what, ...request })
        const weights = Object.fromEntries(backends.map((backend) => [backend.name, backend.weight]))
        const { tunnel, outcome, status, route, rule } = explanation
        const found: Readonly<Record<string, unknown>> = { tunnel, outcome, status, route, rule, backends: weights }
        for (const [key, value] of Object.entries(request)) if (key in found) assert.deepEqual(found[key], value, key)
        for (const words of request.says ?? []) {
          assert.ok(
            reasons.some((reason) => reason.includes(words)),
            `${words}, in ${JSON.stringify(reasons)}`,
          )
        }
        for (const words of request.neverSays ?? []) {
          assert.ok(!reasons.some((reason) => reason.includes(words)), `not ${words}, in ${JSON.stringify(reasons)}`)
        }
      })
      const { answer } = request
      if (answer === undefined) continue
      it(`${what}: the answer`, async () => {
        const { chain } = ruleOf(snapshot, { what, ...request })
        const headers = Object.entries(request.headers ?? {})
        const ask = () =>
          runChain(chain, createExchange({ method: request.method ?? 'GET', path: request.path ?? '/', headers }))
        for (let i = 0; i < (answer.after ?? 0); i++)
          assert.equal((await ask()).kind, 'forwarded', `the one after ${i}`)
        const { kind, response } = await ask()
        assert.deepEqual([kind, response.status], ['replied', answer.status])
        for (const [header, value] of Object.entries(answer.headers ?? {})) {
          assert.equal(response.headers.get(header), value ?? undefined, header)
        }
      })
    }
    for (const query of asked(name)) {
      it(`its README asks only what is expected here: ${query}`, () => {
        assert.ok(expected.requests.some((request) => isAbout(query, request)))
      })
    }
    it('its README says what it is', () => {
      const number = name.slice(0, 2)
      assert.match(readFileSync(path.join(folder, name, 'README.md'), 'utf8'), new RegExp(`^# ${number} · `))
    })
  })
}
