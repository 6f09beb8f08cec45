import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kubeResources, type KubeResource } from '../../../kube/resources.ts'
import type { GatewayObject } from '../../objects/gateway.ts'
import { readObject } from '../../objects/read-object.ts'
import { planWatches, type PlanInput, type PlannedWatch } from './plan-watches.ts'

const gatewayFor = (from: string): GatewayObject => {
  const read = readObject({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'waypoint', namespace: 'shop' },
    spec: {
      gatewayClassName: 'c',
      listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE', allowedRoutes: { namespaces: { from } } }],
    },
  })
  assert.ok(read.state === 'typed' && read.object.kind === 'Gateway')
  return read.object
}

const all: ReadonlyMap<string, KubeResource> = new Map(Object.entries(kubeResources))
const only = (...kinds: readonly string[]) => new Map([...all].filter(([kind]) => kinds.includes(kind)))
const nothing = { services: [], pods: [], configMaps: [], secrets: [], rootNamespace: 'istio-system' }

const plan = (input: Partial<PlanInput>): readonly PlannedWatch[] =>
  planWatches({
    gateway: { namespace: 'shop', name: 'waypoint' },
    object: gatewayFor('Same'),
    kinds: all,
    wants: nothing,
    ...input,
  })

/** `KIND NAMESPACE FIELDS`, with a question mark where it may be forbidden. */
const written = (watches: readonly PlannedWatch[]): readonly string[] =>
  watches.map(
    ({ resource, selection: { namespace = '*', fields = '' }, isOptional }) =>
      `${resource.kind} ${namespace}${fields === '' ? '' : ` ${fields}`}${isOptional ? '?' : ''}`,
  )

/** Gateway API lets policies refer to these, and an API server answers 400 to a selector with them. */
const noNames = ['shop/a=b', 'shop/a,b', 'shop/a,metadata.namespace!=b', 'shop/a\\', 'shop/a/b', 'shop/Ä']

const cases: readonly (readonly [name: string, input: Partial<PlanInput>, watches: readonly string[]])[] = [
  [
    'as long as the Gateway is not known, what it may be found by',
    { object: undefined, kinds: only('Namespace', 'Gateway', 'GatewayClass', 'Service', 'Pod') },
    ['Namespace *', 'GatewayClass *', 'Gateway *'],
  ],
  [
    'of a Gateway for its own namespace that one, and what holds for the whole mesh',
    { kinds: only('Gateway', 'HTTPRoute', 'Service', 'AuthorizationPolicy', 'Filter') },
    [
      'Gateway *',
      'HTTPRoute *',
      'Service shop',
      'AuthorizationPolicy shop',
      'Filter shop',
      'AuthorizationPolicy istio-system',
    ],
  ],
  [
    'Telemetry there and for the whole mesh, which may be forbidden',
    { kinds: only('Telemetry') },
    ['Telemetry shop?', 'Telemetry istio-system?'],
  ],
  [
    'Telemetry of all namespaces, where any may use the waypoint',
    { kinds: only('Telemetry'), object: gatewayFor('All') },
    ['Telemetry *?'],
  ],
  [
    'the namespaces that its routes lead to, which may be forbidden',
    {
      kinds: only('Service', 'BackendTLSPolicy', 'AuthorizationPolicy', 'Pod'),
      wants: { ...nothing, services: ['far', 'shop'], pods: ['far', 'shop'], rootNamespace: 'shop' },
    },
    [
      'Service shop',
      'BackendTLSPolicy shop',
      'AuthorizationPolicy shop',
      'Service far?',
      'BackendTLSPolicy far?',
      'Pod far?',
      'Pod shop',
    ],
  ],
  [
    'of a Gateway for all namespaces all of them, but only the Pods that something is sent to',
    {
      object: gatewayFor('All'),
      kinds: only('HTTPRoute', 'Service', 'AuthorizationPolicy', 'Pod'),
      wants: { ...nothing, services: ['far'], pods: ['far', 'shop'] },
    },
    ['HTTPRoute *', 'Service *', 'AuthorizationPolicy *', 'Pod far', 'Pod shop'],
  ],
  [
    'the Pods of all at once when they are in very many namespaces',
    {
      object: gatewayFor('Selector'),
      kinds: only('Pod'),
      wants: { ...nothing, pods: Array.from({ length: 40 }, (_, i) => `n${i}`) },
    },
    ['Pod *'],
  ],
  [
    'Secrets and ConfigMaps each by its name',
    {
      kinds: only('Secret', 'ConfigMap'),
      wants: { ...nothing, secrets: ['shop/keys', 'shop/'], configMaps: ['shop/ca', ...noNames] },
    },
    ['ConfigMap shop metadata.name=ca?', 'Secret shop metadata.name=keys?'],
  ],
  [
    'many Secrets of a namespace all at once, and the few of another each by its name',
    {
      kinds: only('Secret'),
      wants: { ...nothing, secrets: [...Array.from({ length: 17 }, (_, i) => `shop/s${i}`), 'web/keys'] },
    },
    ['Secret shop?', 'Secret web metadata.name=keys?'],
  ],
  ['nothing of kinds that the server does not have', { kinds: new Map() }, []],
]

describe('what is followed', () => {
  for (const [name, input, watches] of cases) {
    it(name, () => assert.deepEqual(written(plan(input)), watches))
  }

  it('of routes, for a Gateway for its own namespace, those that stand there or have a parent there', () => {
    const [routes] = plan({ kinds: only('HTTPRoute') })
    const route = (namespace: string, ...parents: readonly (string | undefined)[]) => ({
      metadata: { name: 'a', namespace },
      spec: { parentRefs: parents.map((parent) => ({ name: 'api', namespace: parent })) },
    })
    assert.equal(routes?.isWanted?.(route('shop')), true)
    assert.equal(routes?.isWanted?.(route('office', 'far', 'shop')), true)
    assert.equal(routes?.isWanted?.(route('office', undefined)), false)
    assert.equal(routes?.isWanted?.({ metadata: { name: 'a', namespace: 'office' }, spec: 7 }), false)
  })

  it('of many Secrets those that are referred to, and by another key when those are others', () => {
    const secrets = Array.from({ length: 17 }, (_, i) => `shop/s${i}`)
    const [watch] = plan({ kinds: only('Secret'), wants: { ...nothing, secrets } })
    const [other] = plan({ kinds: only('Secret'), wants: { ...nothing, secrets: [...secrets, 'shop/t'] } })
    assert.equal(watch?.isWanted?.({ metadata: { name: 's16', namespace: 'shop' } }), true)
    assert.equal(watch?.isWanted?.({ metadata: { name: 't', namespace: 'shop' } }), false)
    assert.notEqual(watch?.key, other?.key)
  })

  it('once for each key, and by another key in another version', () => {
    const keys = plan({ wants: { ...nothing, services: ['far'], pods: ['shop'] } }).map(({ key }) => key)
    assert.equal(new Set(keys).size, keys.length)
    const older = new Map([['Service', { ...kubeResources.Service, version: 'v0' }]])
    assert.notEqual(plan({ kinds: older })[0]?.key, plan({ kinds: only('Service') })[0]?.key)
  })
})
