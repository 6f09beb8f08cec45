import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kubeResources } from '../../../kube/resources.ts'
import type { KubeJson } from '../../../kube/client.ts'
import { bindingOf } from '../live/binding.ts'
import { enforcementOf, enforcementWarnings, isEnforcementOf, requireServices } from './enforcement.ts'

const gateway = (metadata: object = {}): KubeJson => ({
  metadata: { name: 'waypoint', namespace: 'shop', uid: 'u1', ...metadata },
  spec: { gatewayClassName: 'fairway-waypoint', listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
})
const namespace = (name: string, labels: object = {}): KubeJson => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { ...labels } },
})
const service = (
  name: string,
  { labels = {}, ...spec }: { readonly labels?: object; readonly [field: string]: unknown } = {},
): KubeJson => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop', labels: { ...labels } },
  spec: { selector: { app: name }, clusterIP: '10.0.0.1', ports: [{ port: 80 }], ...spec },
})
const bound = { labels: { 'istio.io/use-waypoint': 'waypoint' } }

const policiesOf = (
  objects: { readonly namespaces: readonly KubeJson[]; readonly services: readonly KubeJson[] },
  of = gateway(),
) => {
  const binding = bindingOf(of, undefined, { ...objects, isWhole: true })
  return { binding, policies: enforcementOf(of, binding, kubeResources.AuthorizationPolicy) }
}

const enrolled = { namespaces: [namespace('shop', bound.labels)], services: [service('api')] }

describe('the policies', () => {
  it('of a namespace that is enrolled are one, for all of its workloads', () => {
    const { policies } = policiesOf(enrolled)
    assert.deepEqual(policies, [
      {
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: {
          name: 'fairway-enforce-waypoint',
          namespace: 'shop',
          labels: { 'app.kubernetes.io/managed-by': 'fairway', 'fairway.dev/enforces-waypoint': 'waypoint' },
          ownerReferences: [
            { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', name: 'waypoint', uid: 'u1' },
          ],
        },
        spec: { action: 'ALLOW', rules: [{ from: [{ source: { principals: ['*/ns/shop/sa/waypoint'] } }] }] },
      },
    ])
  })

  it('of single Services are one each, for their Pods', () => {
    const services = [
      service('api', bound),
      service('web'),
      service('db', { ...bound, clusterIP: 'None' }),
      service('far', { ...bound, selector: {} }),
    ]
    const { policies } = policiesOf({ namespaces: [namespace('shop')], services })
    assert.deepEqual(
      policies.map(({ metadata, spec }) => [
        metadata.name,
        JSON.stringify(spec).includes('"matchLabels":{"app":"api"}'),
      ]),
      [['fairway-enforce-waypoint-api', true]],
    )
  })

  it('admit the account that the Gateway names', () => {
    const annotations = { 'gateway.istio.io/service-account': 'special' }
    assert.match(JSON.stringify(policiesOf(enrolled, gateway({ annotations })).policies), /"\*\/ns\/shop\/sa\/special"/)
  })

  it('are none where nothing is bound, or what is bound has no Pods of its own', () => {
    for (const services of [[], [service('web')], [service('db', { ...bound, clusterIP: 'None' })]]) {
      assert.throws(() => policiesOf({ namespaces: [namespace('shop')], services }), /there is nothing to enforce/)
    }
  })

  it('are one each, too, where a Service of an enrolled namespace goes another way, and that is told', () => {
    const other = service('web', { labels: { 'istio.io/use-waypoint': 'none' } })
    const own = service('waypoint', {
      labels: { 'istio.io/use-waypoint': 'none' },
      selector: { 'gateway.networking.k8s.io/gateway-name': 'waypoint' },
    })
    const { binding, policies } = policiesOf({ ...enrolled, services: [service('api'), other, own] })
    assert.deepEqual(
      policies.map(({ metadata }) => metadata.name),
      ['fairway-enforce-waypoint-api'],
    )
    assert.deepEqual(enforcementWarnings(binding, policies, gateway()), [
      'shop/web does not go through it: each other Service gets a policy of its own, and one that comes later needs "apply" again',
    ])
  })

  it('are for waypoints that take calls to Services', () => {
    for (const type of ['service', 'all']) requireServices(type)
    for (const type of ['workload', 'none'])
      assert.throws(() => requireServices(type), new RegExp(`this one takes ${type}: `))
  })

  it('are known again by their labels', () => {
    const [policy] = policiesOf(enrolled).policies
    assert.ok(policy !== undefined)
    assert.deepEqual([isEnforcementOf(policy, 'waypoint'), isEnforcementOf(policy, 'other')], [true, false])
  })
})

it('who is let in besides, and what will be refused, is told', () => {
  const objects = {
    namespaces: [
      namespace('shop', bound.labels),
      namespace('more', { ...bound.labels, 'istio.io/use-waypoint-namespace': 'shop' }),
    ],
    services: [service('api'), service('db', { clusterIP: 'None' })],
  }
  const { binding, policies } = policiesOf(objects)
  const other = (name: string, spec: object): KubeJson => ({ metadata: { name, namespace: 'shop' }, spec })
  const all = [
    ...policies,
    other('open', { rules: [{}] }),
    other('closed', {}),
    other('deny', { action: 'DENY', rules: [{}] }),
    other('l7', { targetRefs: [{ kind: 'Gateway', name: 'waypoint' }], rules: [{}] }),
  ]
  assert.deepEqual(enforcementWarnings(binding, all, gateway()), [
    'AuthorizationPolicy shop/open lets others in as well, past the waypoint',
    'Service shop/db is headless: what calls its Pods directly will be refused',
    'namespace more uses this waypoint too and gets no policy: traffic can go past it there',
  ])
})
