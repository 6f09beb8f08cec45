import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointSet } from '../../../model/endpoint.ts'
import { readObject } from '../../objects/read-object.ts'
import type { EndpointSliceObject } from '../../objects/endpoint-slice.ts'
import type { PodObject } from '../../objects/pod.ts'
import type { ServiceObject } from '../../objects/service.ts'
import { createEndpointsTranslation, type EndpointLookups } from './translate-endpoints.ts'

const options = {
  clusterDomain: 'cluster.local',
  trustDomain: 'td',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
  zone: 'a',
} as const

const typed = (value: unknown): unknown => {
  const read = readObject(value)
  assert.ok(read.state === 'typed')
  assert.deepEqual(read.issues, [])
  return read.object
}
const service = (more: object = {}): ServiceObject => {
  const ports = [{ name: 'http', port: 80 }]
  return typed({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api', namespace: 'shop' },
    spec: { ports, ...more },
  }) as ServiceObject
}
const slice = (...endpoints: readonly object[]): EndpointSliceObject =>
  typed({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 's', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'api' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints,
  }) as EndpointSliceObject

const lookupsOf = (slices: readonly EndpointSliceObject[], unreadable: readonly string[] = []): EndpointLookups => ({
  slices: { get: () => slices.map((object) => ({ object })) },
  pods: { get: (key) => (unreadable.includes(key) ? 'unreadable' : undefined) },
  podsByAddress: { get: () => undefined },
  namespaces: { get: () => undefined },
})

const shown = ({ endpoints, aside = [] }: EndpointSet): readonly string[] => [
  ...endpoints.map(({ address, isNear }) => `${address}${isNear === true ? ' near' : ''}`),
  ...aside.map(({ address, reason }) => `${address} ${reason}`),
]

const at = (last: number, conditions: object, more: object = {}) => ({
  addresses: [`10.0.0.${last}`],
  conditions,
  ...more,
})
const ready = { ready: true, serving: true, terminating: false }
const notReady = { ready: false, serving: false, terminating: false }
const draining = { ready: false, serving: true, terminating: true }
const ended = { ready: false, serving: false, terminating: true }

describe('Pods with addresses of both families', () => {
  const pod = (name: string) => ({ targetRef: { kind: 'Pod', name } })
  const six = (...endpoints: readonly object[]): EndpointSliceObject => ({
    ...slice(...endpoints),
    addressType: 'IPv6',
  })
  const at6 = (last: number, conditions: object, more: object = {}) => ({
    addresses: [`fd00::${last}`],
    conditions,
    ...more,
  })
  const dual = { clusterIPs: ['10.9.0.1', 'fd09::1'] }
  const cases: readonly (readonly [
    name: string,
    spec: object,
    slices: readonly EndpointSliceObject[],
    wanted: readonly string[],
  ])[] = [
    [
      'are one endpoint each, also where some have one address only',
      dual,
      [slice(at(1, ready, pod('p')), at(2, ready, pod('q'))), six(at6(1, ready, pod('p')), at6(3, ready, pod('r')))],
      ['10.0.0.1', '10.0.0.2', 'fd00::3'],
    ],
    [
      'are taken by the family that the Service has first',
      { clusterIPs: ['fd09::1', '10.9.0.1'] },
      [slice(at(1, ready, pod('p'))), six(at6(1, ready, pod('p')))],
      ['fd00::1'],
    ],
    [
      'are taken by IPv4 where it has no address',
      { clusterIP: 'None' },
      [slice(at(1, ready, pod('p'))), six(at6(1, ready, pod('p')))],
      ['10.0.0.1'],
    ],
    [
      'are in the condition that the slice of their family has',
      dual,
      [slice(at(1, ended, pod('p')), at(2, ready, pod('q'))), six(at6(1, ready, pod('p')), at6(2, ended, pod('q')))],
      ['10.0.0.2', '10.0.0.1 terminating'],
    ],
    [
      'are several where nobody says that they are one',
      dual,
      [slice(at(1, ready)), six(at6(1, ready))],
      ['10.0.0.1', 'fd00::1'],
    ],
  ]
  for (const [name, spec, slices, wanted] of cases) {
    it(name, () => {
      const translate = createEndpointsTranslation(options)
      const port = { name: 'http', port: 80, protocol: 'TCP' } as const
      assert.deepEqual(shown(translate(service(spec), port, lookupsOf(slices))), wanted)
      assert.deepEqual(shown(translate(service(spec), port, lookupsOf(slices.toReversed()))), wanted)
    })
  }
})

describe('endpoints by their conditions', () => {
  const cases: readonly (readonly [name: string, slices: readonly EndpointSliceObject[], wanted: readonly string[]])[] =
    [
      ['no slice', [], []],
      ['ready', [slice(at(1, ready), at(2, {}), at(3, { ready: null }))], ['10.0.0.1', '10.0.0.2', '10.0.0.3']],
      [
        'one of each',
        [slice(at(4, ready), at(3, notReady), at(2, draining), at(1, ended))],
        ['10.0.0.4', '10.0.0.1 terminating', '10.0.0.2 terminating', '10.0.0.3 not-ready'],
      ],
      [
        'none is ready: those that still serve',
        [slice(at(1, notReady), at(2, draining), at(3, ended))],
        ['10.0.0.2', '10.0.0.1 not-ready', '10.0.0.3 terminating'],
      ],
      ['none serves', [slice(at(1, notReady), at(2, ended))], ['10.0.0.1 not-ready', '10.0.0.2 terminating']],
      [
        'one that terminates and does not say whether it serves',
        [slice(at(1, { ready: false, terminating: true }))],
        ['10.0.0.1 terminating'],
      ],
      // `publishNotReadyAddresses` makes every endpoint ready.
      [
        'ready although it terminates',
        [slice(at(1, { ready: true, serving: false, terminating: true }))],
        ['10.0.0.1'],
      ],
      [
        'ready in one of two slices',
        [slice(at(1, notReady), at(2, ready)), slice(at(1, ready), at(2, draining))],
        ['10.0.0.1', '10.0.0.2'],
      ],
    ]
  for (const [name, slices, wanted] of cases) {
    it(name, () => {
      const translate = createEndpointsTranslation(options)
      const port = { name: 'http', port: 80, protocol: 'TCP' } as const
      assert.deepEqual(shown(translate(service(), port, lookupsOf(slices))), wanted)
      assert.deepEqual(shown(translate(service(), port, lookupsOf(slices.toReversed()))), wanted)
    })
  }

  it('an unreadable Pod is no endpoint, and the last resort serves where all are unreadable', () => {
    const translate = createEndpointsTranslation(options)
    const port = { name: 'http', port: 80, protocol: 'TCP' } as const
    const slices = [slice(at(1, ready, { targetRef: { kind: 'Pod', name: 'odd' } }), at(2, draining))]
    const set = translate(service(), port, lookupsOf(slices, ['shop/odd']))
    assert.deepEqual(shown(set), ['10.0.0.2', '10.0.0.1 pod-unreadable'])
  })

  const podAt = (name: string, ...podIPs: readonly string[]): PodObject => ({
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: {}, annotations: {}, owners: [] },
    serviceAccount: name,
    addresses: podIPs,
  })
  const web = at(1, ready, { targetRef: { kind: 'Pod', name: 'web-0' } })
  const others: readonly (readonly [name: string, pods: readonly PodObject[], knowsPods: boolean, wanted: string])[] = [
    ['is there', [podAt('web-0', '10.0.0.1')], true, '10.0.0.1'],
    ['is there, and says no address', [podAt('web-0'), podAt('db', '10.0.0.1')], true, '10.0.0.1'],
    ['is not among the objects, which are not all', [], false, '10.0.0.1'],
    ['is gone', [], true, '10.0.0.1 pod-unknown'],
    ['is gone, and another has the address', [podAt('db', '10.0.0.1')], false, '10.0.0.1 pod-unknown'],
    ['is new at another address', [podAt('web-0', '10.0.0.7'), podAt('db', '10.0.0.1')], true, '10.0.0.1 pod-unknown'],
    [
      'is at the address together with another',
      [podAt('db', '10.0.0.1'), podAt('web-0', '10.0.0.1')],
      true,
      '10.0.0.1',
    ],
  ]
  for (const [name, pods, knowsPods, wanted] of others) {
    it(`an endpoint whose Pod ${name}`, () => {
      const translate = createEndpointsTranslation({ ...options, knowsPods })
      const lookups: EndpointLookups = {
        ...lookupsOf([slice(web)]),
        pods: { get: (key) => pods.find(({ metadata }) => key === `shop/${metadata.name}`) },
        podsByAddress: { get: (address) => pods.find(({ addresses }) => addresses.includes(address)) },
      }
      const port = { name: 'http', port: 80, protocol: 'TCP' } as const
      assert.deepEqual(shown(translate(service(), port, lookups)), [wanted])
    })
  }

  it('those in the zone are near, as long as they are ready', () => {
    const translate = createEndpointsTranslation(options)
    const port = { name: 'http', port: 80, protocol: 'TCP' } as const
    const near = { trafficDistribution: 'PreferClose' }
    const ask = (...endpoints: readonly object[]) =>
      shown(translate(service(near), port, lookupsOf([slice(...endpoints)])))
    const [here, there] = [{ zone: 'a' }, { zone: 'b' }]
    assert.deepEqual(ask(at(1, ready, here), at(2, ready, there)), ['10.0.0.1 near', '10.0.0.2'])
    assert.deepEqual(ask(at(1, draining, here), at(2, draining, there)), ['10.0.0.1', '10.0.0.2'])
    assert.deepEqual(ask(at(1, draining, here), at(2, ready, there)), ['10.0.0.2', '10.0.0.1 terminating'])
    // A hint that nobody can read is none.
    assert.deepEqual(ask(at(1, ready, { ...here, hints: { forZones: 1 } }), at(2, ready, { hints: [] })), [
      '10.0.0.1 near',
      '10.0.0.2',
    ])
  })

  it('are the very same for as long as nothing changes', () => {
    const translate = createEndpointsTranslation(options)
    const port = { name: 'http', port: 80, protocol: 'TCP' } as const
    const [object, slices] = [service(), [slice(at(1, ready), at(2, notReady))]]
    assert.equal(translate(object, port, lookupsOf(slices)), translate(object, port, lookupsOf(slices)))
  })
})
