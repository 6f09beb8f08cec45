/**
 * The kinds of others that a waypoint reads, as small structural schemas of ours: what is a list by keys, and what is
 * filled in, is as in Gateway API's definitions; everything else of `spec` is kept as it comes.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'
import type { KubeServer } from './kube-server.ts'
import { listAt, textAt, valueAt, type JsonObject } from './stand-in/json.ts'

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const text = { type: 'string' }
const listBy = (key: string, properties: JsonObject, others: JsonObject = {}): JsonObject => ({
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
  items: { ...anything, required: [key], properties: { [key]: text, ...properties }, ...others },
})
const object = (properties: JsonObject, others: JsonObject = {}): JsonObject => ({ ...anything, properties, ...others })
const list = (items: JsonObject): JsonObject => ({ type: 'array', 'x-kubernetes-list-type': 'atomic', items })

/** `metav1.Condition`, with the limits that the API server holds conditions to. */
const conditions: JsonObject = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  maxItems: 8,
  items: {
    type: 'object',
    required: ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
    properties: {
      type: { type: 'string', maxLength: 316 },
      status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
      reason: { type: 'string', minLength: 1, maxLength: 1024, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' },
      message: { type: 'string', maxLength: 32_768 },
      lastTransitionTime: { type: 'string', format: 'date-time' },
      observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
    },
  },
}

const pending = (type: string): JsonObject => ({
  type,
  status: 'Unknown',
  reason: 'Pending',
  message: 'Waiting for controller',
  lastTransitionTime: '1970-01-01T00:00:00Z',
})

const statusOf = (properties: JsonObject, byDefault: readonly string[] = []): JsonObject =>
  object(
    { conditions, ...properties },
    byDefault.length === 0 ? {} : { default: { conditions: byDefault.map(pending) } },
  )

const refs = (kind: string): JsonObject =>
  list(object({ group: { ...text, default: kind === 'Gateway' ? gatewayApi : '' }, kind: { ...text, default: kind } }))

/** Of an entry of a status that several controllers write. */
const entries = (ref: string): JsonObject =>
  list(
    object(
      { [ref]: anything, controllerName: { type: 'string', minLength: 1, maxLength: 253 }, conditions },
      { required: [ref, 'controllerName'] },
    ),
  )

const gatewayApi = 'gateway.networking.k8s.io'

interface KindOptions {
  readonly group: string
  readonly versions?: readonly [string, ...string[]]
  readonly kind: string
  readonly plural?: string
  readonly scope?: 'Namespaced' | 'Cluster'
  readonly spec?: JsonObject
  readonly status?: JsonObject
}

/** The definition of a kind of which nothing is checked but what is said. */
export const definition = (options: KindOptions): JsonObject => {
  const { group, kind, scope = 'Namespaced', spec = anything, status } = options
  const { versions = ['v1'], plural = `${kind.toLowerCase()}s` } = options
  const schema = {
    openAPIV3Schema: { type: 'object', properties: { spec, ...(status === undefined ? {} : { status }) } },
  }
  const approved = { 'api-approved.kubernetes.io': 'unapproved, for tests' }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations: approved },
    spec: {
      group,
      scope,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema,
        ...(status === undefined ? {} : { subresources: { status: {} } }),
      })),
    },
  }
}

const gatewaySpec = object(
  {
    gatewayClassName: { type: 'string', minLength: 1, maxLength: 253 },
    listeners: listBy('name', {
      port: { type: 'integer', minimum: 1, maximum: 65_535 },
      protocol: {
        type: 'string',
        pattern:
          '^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\\/[A-Za-z0-9]+$',
      },
      allowedRoutes: object(
        { namespaces: object({ from: { ...text, default: 'Same' } }, { default: { from: 'Same' } }) },
        { default: { namespaces: { from: 'Same' } } },
      ),
    }),
  },
  { required: ['gatewayClassName', 'listeners'] },
)

const gatewayStatus = statusOf(
  {
    addresses: list(object({ type: { ...text, default: 'IPAddress' }, value: text }, { required: ['value'] })),
    listeners: listBy('name', {
      attachedRoutes: { type: 'integer' },
      conditions,
      supportedKinds: list(object({ group: { ...text, default: gatewayApi }, kind: text }, { required: ['kind'] })),
    }),
  },
  ['Accepted', 'Programmed'],
)

const route = (kind: string, versions: readonly [string, ...string[]]): JsonObject =>
  definition({
    group: gatewayApi,
    kind,
    versions,
    spec: object({
      parentRefs: refs('Gateway'),
      hostnames: list(text),
      rules: list(object({ backendRefs: list(backendRef) })),
    }),
    status: object({ parents: entries('parentRef') }),
  })

const backendRef = object({
  group: { ...text, default: '' },
  kind: { ...text, default: 'Service' },
  weight: { type: 'integer', default: 1, minimum: 0, maximum: 1_000_000 },
})

/** Gateway API's kinds. */
export const gatewayApiKinds: readonly JsonObject[] = [
  definition({
    group: gatewayApi,
    kind: 'GatewayClass',
    plural: 'gatewayclasses',
    versions: ['v1', 'v1beta1'],
    scope: 'Cluster',
    spec: object({ controllerName: text }, { required: ['controllerName'] }),
    status: statusOf({ supportedFeatures: { ...listBy('name', {}), maxItems: 64 } }, ['Accepted']),
  }),
  definition({
    group: gatewayApi,
    kind: 'Gateway',
    versions: ['v1', 'v1beta1'],
    spec: gatewaySpec,
    status: gatewayStatus,
  }),
  route('HTTPRoute', ['v1', 'v1beta1']),
  route('GRPCRoute', ['v1']),
  route('TCPRoute', ['v1alpha2']),
  route('TLSRoute', ['v1', 'v1alpha2']),
  definition({ group: gatewayApi, kind: 'ReferenceGrant', versions: ['v1beta1'] }),
  definition({
    group: gatewayApi,
    kind: 'BackendTLSPolicy',
    plural: 'backendtlspolicies',
    status: object({ ancestors: entries('ancestorRef') }),
  }),
  definition({
    group: 'gateway.networking.x-k8s.io',
    kind: 'XMesh',
    plural: 'xmeshes',
    versions: ['v1alpha1'],
    scope: 'Cluster',
    spec: object({ controllerName: text }, { required: ['controllerName'] }),
    status: statusOf({ supportedFeatures: { ...listBy('name', {}), maxItems: 64 } }, ['Accepted', 'Programmed']),
  }),
]

/** Istio's kinds that a waypoint reads. */
export const istioKinds: readonly JsonObject[] = (
  [
    ['networking.istio.io', 'ServiceEntry', 'serviceentries'],
    ['networking.istio.io', 'WorkloadEntry', 'workloadentries'],
    ['security.istio.io', 'AuthorizationPolicy', 'authorizationpolicies'],
    ['security.istio.io', 'PeerAuthentication', 'peerauthentications'],
    ['security.istio.io', 'RequestAuthentication', 'requestauthentications'],
    ['telemetry.istio.io', 'Telemetry', 'telemetries'],
  ] as const
).map(([group, kind, plural]) =>
  definition({ group, kind, plural, versions: ['v1', 'v1beta1'], status: object({ conditions: listBy('type', {}) }) }),
)

const ownFolder = fileURLToPath(new URL('../../../charts/fairway/crds/', import.meta.url))

/** Our own kinds, from the chart. */
export const ownKinds = (): readonly JsonObject[] =>
  readdirSync(ownFolder)
    .filter((file) => file.endsWith('.yaml'))
    // A definition is an object; the schema of it is tested where it is made.
    .map((file) => parse(readFileSync(join(ownFolder, file), 'utf8')) as JsonObject)

/**
 * Definitions of those who made them, from a folder that FAIRWAY_KUBE_DEFINITIONS names, for whoever wants to know whether
 * ours are enough: by their names.
 */
const originals = (): ReadonlyMap<string, JsonObject> => {
  const folder = process.env['FAIRWAY_KUBE_DEFINITIONS']
  if (folder === undefined) return new Map()
  const all = readdirSync(folder).flatMap((file) =>
    // A definition is an object, and another document is refused by the server.
    parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => document.toJS() as JsonObject),
  )
  return new Map(all.map((kind) => [textAt(kind, 'metadata', 'name'), kind]))
}

/** Defines kinds, by default all, and waits until they are served. */
export const defineKinds = async (
  { ask }: Pick<KubeServer, 'ask'>,
  kinds: readonly JsonObject[] = [...gatewayApiKinds, ...istioKinds, ...ownKinds()],
): Promise<void> => {
  const known = originals()
  const wanted = kinds.map((kind) => known.get(textAt(kind, 'metadata', 'name')) ?? kind)
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  await Promise.all(wanted.map((kind) => ask.apply(`${path}/${textAt(kind, 'metadata', 'name')}`, kind)))
  for (const kind of wanted) {
    const version = listAt(kind, 'spec', 'versions').find((one) => valueAt(one, 'served') === true)
    const served = `/apis/${textAt(kind, 'spec', 'group')}/${textAt(version, 'name')}/${textAt(kind, 'spec', 'names', 'plural')}`
    for (let attempt = 0; (await ask('GET', `${served}?limit=1`)).code !== 200; attempt++) {
      if (attempt === TRIES) throw new Error(`${served} is not served`)
      await delay(TRY_EACH_MS)
    }
  }
}

const TRIES = 300
const TRY_EACH_MS = 50
