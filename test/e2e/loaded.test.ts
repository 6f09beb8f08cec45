/** What `fairway run` has loaded: everything that is there whether it is used or not is memory in each replica. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const noteLoaded = path.join(import.meta.dirname, 'support/note-loaded.ts')

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: '127.0.0.1', port: 8080 }] }),
]

const jwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'usIYSAaZia_pKZK88In_RR4exGHhDTKXDlivOFkxy_8',
  y: '2fir1sGCNNaJTkTBJRqfy0PQVVqwbCT7or2OHdKtPDk',
}
const targetRefs = [{ group: '', kind: 'Service', name: 'api' }]
const policies = [
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: { name: 'tokens', namespace: 'shop' },
    spec: { targetRefs, jwtRules: [{ issuer: 'anna', jwks: JSON.stringify({ keys: [jwk] }) }] },
  },
  {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'ask', namespace: 'shop' },
    spec: { targetRefs, action: 'CUSTOM', provider: { name: 'nobody' }, rules: [{}] },
  },
]

/** What is loaded when it is first needed. */
const later = {
  tokens: /\/src\/proxy\/security\/jwt\//,
  'external authorization': /\/src\/proxy\/security\/ext-authz\/(?!authorizers|external-auth-filter)/,
  'reasons for a request': /\/src\/(?:snapshot\/explain|admin\/explain-parameters)\.ts/,
  'statuses of objects': /\/src\/config\/status\//,
} as const

/** What no such waypoint needs at all; some of it comes with one import too many, of `node:http` for example. */
const never = {
  'filters of users': /\/src\/(?:filter\/(?:module|guard\/calls)|app\/(?:filters|isolation|watchdog))\//,
  'reading objects': /\/src\/config\/(?:objects\/(?!kind-apis)|source|translate)\//,
  'another client for HTTP': /^NativeModule internal\/deps\/undici\/undici$/,
  'web streams': /^NativeModule internal\/webstreams\/readablestream$/,
  'gRPC of others': /\/node_modules\/@(?:grpc|bufbuild)\//,
  OpenTelemetry:
    /\/node_modules\/@opentelemetry\/|\/src\/telemetry\/(?:otlp\/open-exporter|traces\/spans\/span-writer)/,
  'a regex engine': /\/node_modules\/re2js\//,
  YAML: /\/node_modules\/yaml\//,
  Fastify: /\/node_modules\/(?:fastify|avvio|find-my-way)\//,
} as const

const startWatched = async (mesh: Mesh) => {
  const file = path.join(mesh.dir, 'loaded')
  const env = { LOADED_FILE: file, FAIRWAY_NODE_FLAGS: `--import ${noteLoaded}` }
  const fairway = await mesh.startFairway(1, [], env)
  const loaded = async (): Promise<readonly string[]> => {
    const before = readFileSync(file, 'utf8').length
    fairway.kill('SIGUSR2')
    return eventually('what Node has loaded', () => {
      const text = readFileSync(file, 'utf8')
      return text.slice(before).endsWith('\nall\n') ? text.split('\n') : undefined
    })
  }
  return { fairway, loaded }
}

const present = (patterns: Readonly<Record<string, RegExp>>, loaded: readonly string[]): readonly string[] =>
  Object.entries(patterns).flatMap(([what, pattern]) => (loaded.some((line) => pattern.test(line)) ? [what] : []))

it('a waypoint loads what its objects use, and the rest when it is first needed', async () => {
  await using mesh = await createMesh(objects)
  const { fairway, loaded } = await startWatched(mesh)
  await fairway.metrics()
  await fairway.readiness()
  assert.deepEqual(present({ ...later, ...never }, await loaded()), [])

  mesh.write([...objects, ...policies])
  await fairway.waitForLog('the policies', ({ generation }) => generation === 2)
  assert.deepEqual(present(later, await loaded()), ['tokens', 'external authorization'])

  await fairway.admin('/resolve?authority=10.96.0.10:80')
  await fairway.admin('/status')
  const all = await loaded()
  assert.deepEqual(present(later, all), Object.keys(later))
  assert.deepEqual(present(never, all), [])
})
