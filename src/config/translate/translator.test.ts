import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { parse } from 'yaml'
import { seededRandom } from '../../../test/support/random.ts'
import { compact } from '../../lib/memory/compact.ts'
import { createFolding, foldMentions } from '../../lib/memory/folded.ts'
import { packJson, unpackJson } from '../../lib/memory/packed-json.ts'
import { createTranslationCooling } from './cool-translation.ts'
import { readObject } from '../objects/read-object.ts'
import { weakly } from './memory.ts'
import type { SourcedObject, TranslateOptions } from './options.ts'
import { createTranslator, translate } from './translate.ts'

const options: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'td',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
  zone: 'a',
}

/** An object by its text: the same text is the same object, and equal parts are shared, as the loader has it. */
const read = new Map<string, SourcedObject['read']>()
let last: SourcedObject['read'] | undefined
const load = (documents: readonly string[], firstLine = 1): readonly SourcedObject[] =>
  documents.map((text, index) => {
    const known = read.get(text) ?? compact(readObject(parse(text)), last)
    read.set(text, known)
    last = known
    return { read: known, locate: () => ({ file: 'f.yaml', line: firstLine + index, column: 1 }) }
  })

const folding = createFolding<SourcedObject['read']>()
const folded = new Map<SourcedObject['read'], SourcedObject>()
/** As a cluster has them: routes and slices without a fault are read whenever somebody asks. */
const foldObject = (object: SourcedObject): SourcedObject => {
  const { read: original } = object
  const kind = original.ref?.kind ?? ''
  if (!['HTTPRoute', 'EndpointSlice'].includes(kind) || original.issues.length > 0) return object
  const fold = folding.fold(original)
  const made = folded.get(original) ?? {
    get read() {
      return folding.unfold(fold, fold)
    },
    brief: { kind, mentions: (text) => foldMentions(fold, text) },
    locate: (path) => object.locate(path),
  }
  folded.set(original, made)
  return made
}
const asJson = (value: unknown): unknown => unpackJson(packJson(value))

const gateway =
  '{ apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: { name: waypoint, namespace: shop }, spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] } }'
const service = (name: string, address: string, port: string): string =>
  `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: shop, labels: { istio.io/use-waypoint: waypoint } }, spec: { clusterIP: ${address}, ports: [${port}] } }`
const route = (name: string, backend: string, more = ''): string =>
  `{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: ${name}, namespace: shop }, spec: { parentRefs: [{ group: '', kind: Service, name: api }], rules: [{ ${more} backendRefs: [{ name: ${backend}, port: 80 }] }] } }`
const slice = (name: string, pods: readonly string[]): string =>
  `{ apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: { name: ${name}, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }, addressType: IPv4, ports: [{ name: http, port: 8080 }], endpoints: [${pods.map((pod, i) => `{ addresses: [10.1.0.${i}], targetRef: { kind: Pod, name: ${pod} } }`).join()}] }`
const pod = (name: string, account: string): string =>
  `{ apiVersion: v1, kind: Pod, metadata: { name: ${name}, namespace: shop }, spec: { serviceAccountName: ${account}, containers: [] }, status: { podIP: 10.1.0.9 } }`
const tls = (hostname: string): string =>
  `{ apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy, metadata: { name: tls, namespace: shop }, spec: { targetRefs: [{ group: '', kind: Service, name: web }], validation: { hostname: ${hostname}, wellKnownCACertificates: System } } }`

const policy = (name: string, spec: string, target = 'web', kind = 'BackendPolicy'): string =>
  `{ apiVersion: ${kind === 'BackendPolicy' ? 'fairway.dev' : 'gateway.networking.x-k8s.io'}/v1alpha1, kind: ${kind}, metadata: { name: ${name}, namespace: shop }, spec: { targetRefs: [{ group: '', kind: Service, name: ${target} }], ${spec} } }`
const changingSlice = (conditions: string): string =>
  slice('api', ['web-1', 'web-2']).replace('targetRef', `conditions: { ${conditions} }, zone: a, targetRef`)

const http = '{ name: http, port: 80 }'
const https = '{ name: http, port: 80, appProtocol: https }'
/** Each line is one object; what it is may change, and it may be gone. */
const choices: readonly (readonly string[])[] = [
  [service('api', '10.0.0.1', http), service('api', '10.0.0.2', http), service('api', '10.0.0.1', https)],
  [service('web', '10.0.0.3', http), service('web', '10.0.0.3', https), service('web', '10.0.0.3', '{ port: 81 }')],
  [route('a', 'web'), route('a', 'gone'), route('a', 'api')],
  [route('b', 'web'), route('b', 'web', 'timeouts: { request: bad },')],
  [route('c', 'api')],
  [slice('web', ['web-1', 'web-2']), slice('web', ['web-1']), slice('web', ['web-2', 'web-1'])],
  [
    pod('web-1', 'one'),
    pod('web-1', 'two'),
    '{ apiVersion: v1, kind: Pod, metadata: { name: web-1, namespace: shop }, spec: 1 }',
  ],
  [pod('web-2', 'one')],
  [tls('a.example'), tls('b.example')],
  [
    policy('p', 'limits: { maxRequests: 1 }'),
    policy('p', 'sessionPersistence: {}'),
    policy('p', 'sessionPersistence: { sessionName: s }, limits: {}'),
    policy('p', 'limits: { maxRequests: 1 }', 'api'),
  ],
  [policy('q', 'limits: { maxRequests: 2 }, sessionPersistence: { type: Header }'), policy('q', 'pool: 1')],
  [
    policy('x', 'retryConstraint: {}', 'api', 'XBackendTrafficPolicy'),
    policy('x', 'sessionPersistence: { absoluteTimeout: 1h }', 'web', 'XBackendTrafficPolicy'),
  ],
  [route('d', 'web', 'sessionPersistence: { type: Header },'), route('d', 'web', 'sessionPersistence: {},')],
  [
    changingSlice('ready: true'),
    changingSlice('ready: false'),
    changingSlice('ready: false, serving: true, terminating: true'),
  ],
]

describe('a translator that remembers', () => {
  it('tells Services apart whose ports are one object', () => {
    const objects = [gateway, service('api', '10.0.0.1', http), service('web', '10.0.0.3', http), slice('web', ['x'])]
    const { endpoints } = createTranslator(options)(load(objects)).model
    assert.deepEqual(
      endpoints.map((set) => [set.key, set.endpoints.length]),
      [
        ['shop/api:80', 0],
        ['shop/web:80', 1],
      ],
    )
  })

  it('gives what one gives that knows nothing', () => {
    const random = seededRandom(7)
    const remembering = createTranslator(options)
    let chosen = choices.map(([first]) => first)
    for (let step = 0; step < 400; step++) {
      const changing = random.below(choices.length)
      chosen = chosen.map((before, i) =>
        i !== changing ? before : random.chance(0.2) ? undefined : random.pick(choices[i] ?? ['']),
      )
      const objects = load([gateway, ...chosen.flatMap((text) => text ?? [])], 1 + random.below(2))
      assert.deepEqual(remembering(objects), translate(objects, options), `step ${step}`)
    }
  })

  it('gives the same when it keeps little, of objects that are read anew each time', async () => {
    const random = seededRandom(8)
    const remembering = createTranslator(options, { keep: createTranslationCooling(), hold: weakly })
    let chosen = choices.map(([first]) => first)
    for (let step = 0; step < 400; step++) {
      const changing = random.below(choices.length)
      chosen = chosen.map((before, i) =>
        i !== changing ? before : random.chance(0.2) ? undefined : random.pick(choices[i] ?? ['']),
      )
      const objects = load([gateway, ...chosen.flatMap((text) => text ?? [])]).map(foldObject)
      assert.deepEqual(asJson(remembering(objects)), asJson(translate(objects, options)), `step ${step}`)
      // What was read is forgotten when the turn ends.
      if (random.chance(0.5)) await turn()
    }
  })

  it('gives the very same routes and endpoints where nothing changed that they refer to', () => {
    const translateNext = createTranslator(options)
    const [api, web] = [service('api', '10.0.0.1', http), service('web', '10.0.0.3', http)]
    const rest = [gateway, api, web, slice('web', ['web-1']), pod('web-1', 'one')]
    const first = translateNext(load([...rest, route('a', 'api'), route('b', 'web')]))
    const second = translateNext(load([...rest, route('a', 'api'), route('b', 'api')]))
    const same = <T>(before: readonly T[], after: readonly T[]) => after.map((item, i) => item === before[i])
    assert.deepEqual(same(first.model.routes, second.model.routes), [true, false])
    assert.deepEqual(same(first.model.endpoints, second.model.endpoints), [true, true])
    const ofRoute = ({ conditions }: typeof first) => conditions.filter(({ object }) => object.name === 'a')
    assert.deepEqual(ofRoute(second), ofRoute(first))
  })

  it('gives the very same routes under a policy, and other ones when its sessions change', () => {
    const translateNext = createTranslator(options)
    const rest = [gateway, service('api', '10.0.0.1', http), service('web', '10.0.0.3', http)]
    const routes = [route('a', 'api'), route('b', 'web')]
    const step = (...policies: readonly string[]) => translateNext(load([...rest, ...routes, ...policies])).model.routes
    const sessions = policy('p', 'sessionPersistence: {}')
    const [plain, first] = [step(), step(sessions)]
    const kept = step(sessions, policy('q', 'limits: { maxRequests: 1 }'))
    const other = step(policy('p', 'sessionPersistence: { type: Header }'))
    const same = (before: typeof plain, after: typeof plain) => after.map((item, i) => item === before[i])
    assert.deepEqual(same(plain, first), [true, false])
    assert.deepEqual(same(first, kept), [true, true])
    assert.deepEqual(same(kept, other), [true, false])
    assert.deepEqual(same(plain, step()), [true, true])
  })
})
