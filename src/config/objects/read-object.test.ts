import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Issue } from '../../lib/decoded.ts'
import { knownKinds } from './kinds.ts'
import { readObject } from './read-object.ts'

const make = (kind: string, rest: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => {
  const known = knownKinds.get(kind)
  const version = known?.versions[0] ?? 'v1'
  const apiVersion = known === undefined || known.group === '' ? version : `${known.group}/${version}`
  return { apiVersion, kind, metadata: { name: 'x' }, ...rest }
}

const brief = (issues: readonly Issue[]): readonly string[] =>
  issues.map(({ path, found, expected }) => `${path}: ${found} / ${expected}`)

describe('objects that are read', () => {
  const cases: readonly (readonly [name: string, value: unknown, wanted: Readonly<Record<string, unknown>>])[] = [
    [
      'a Service with its defaults',
      make('Service', { spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1'], ports: [{ port: 80 }] } }),
      { type: 'ClusterIP', clusterIPs: ['10.0.0.1', 'fd00::1'], selector: {}, ports: [{ port: 80, protocol: 'TCP' }] },
    ],
    [
      'a Service with a named target port',
      make('Service', { spec: { ports: [{ port: 80, targetPort: 'web', name: 'http' }] } }),
      { ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'web' }] },
    ],
    [
      'an EndpointSlice without conditions',
      make('EndpointSlice', {
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'], nodeName: 'n' }],
        ports: null,
      }),
      { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'], conditions: {}, nodeName: 'n' }], ports: [] },
    ],
    [
      'a Pod with neither account nor address',
      make('Pod', { spec: { containers: [] } }),
      { serviceAccount: 'default', addresses: [] },
    ],
    [
      'a Pod with both',
      make('Pod', {
        spec: { serviceAccount: 'old' },
        status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] },
      }),
      { serviceAccount: 'old', addresses: ['10.0.0.1', 'fd00::1'] },
    ],
    [
      'a Gateway whose listener allows its own namespace by default',
      make('Gateway', {
        spec: { gatewayClassName: 'c', listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }] },
      }),
      {
        className: 'c',
        listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE', allowedRoutes: { namespaces: { from: 'Same' } } }],
      },
    ],
    ['a GatewayClass', make('GatewayClass', { spec: { controllerName: 'a/b' } }), { controllerName: 'a/b' }],
    ['a Namespace', make('Namespace', { spec: { finalizers: ['kubernetes'] }, status: {} }), { kind: 'Namespace' }],
    [
      'a ReferenceGrant',
      make('ReferenceGrant', {
        spec: { from: [{ group: 'g', kind: 'K', namespace: 'n' }], to: [{ group: '', kind: 'Service' }] },
      }),
      { from: [{ group: 'g', kind: 'K', namespace: 'n' }], to: [{ group: '', kind: 'Service' }] },
    ],
    ['a ConfigMap', make('ConfigMap', { data: { a: 'b' }, immutable: true }), { data: { a: 'b' } }],
    [
      'a Secret, without its values',
      make('Secret', { type: 't', data: { a: 'c2VjcmV0' }, stringData: { b: 'x' } }),
      { type: 't', keys: ['a', 'b'] },
    ],
    [
      'a policy for targets',
      make('AuthorizationPolicy', { spec: { targetRefs: [{ kind: 'Service', name: 'a' }] } }),
      { target: { kind: 'refs', refs: [{ group: '', kind: 'Service', name: 'a', path: 'spec.targetRefs[0]' }] } },
    ],
    [
      'a policy for one target',
      make('RequestAuthentication', { spec: { targetRef: { kind: 'Service', name: 'a' } } }),
      { target: { kind: 'refs', refs: [{ group: '', kind: 'Service', name: 'a' }] } },
    ],
    [
      'a policy for workloads',
      make('AuthorizationPolicy', { spec: { selector: { matchLabels: { a: 'b' } } } }),
      { target: { kind: 'selector' } },
    ],
    ['a policy for nothing in particular', make('AuthorizationPolicy'), { target: { kind: 'none' } }],
    [
      'a TCPRoute',
      make('TCPRoute', {
        spec: {
          parentRefs: [{ kind: 'Service', group: '', name: 'a' }],
          rules: [{ backendRefs: [{ name: 'b', port: 1 }] }],
        },
      }),
      {
        parentRefs: [{ group: '', kind: 'Service', name: 'a', path: 'spec.parentRefs[0]' }],
        rules: [{ defects: [], backendRefs: [{ name: 'b', port: 1, weight: 1 }] }],
      },
    ],
    [
      'a TLSRoute',
      make('TLSRoute', { spec: { hostnames: ['a.b', '*.b'], rules: [{ name: 'x', backendRefs: [] }] } }),
      { hostnames: ['a.b', '*.b'], rules: [{ name: 'x', backendRefs: [], defects: [] }] },
    ],
  ]
  for (const [name, value, wanted] of cases) {
    it(name, () => {
      const read = readObject(value)
      assert.equal(read.state, 'typed', JSON.stringify(read.issues))
      assert.deepEqual(read.issues, [])
      assert.ok(read.state === 'typed')
      assert.partialDeepStrictEqual(read.object, wanted)
    })
  }

  it('metadata with times, owners and labels', () => {
    const read = readObject(
      make('Pod', {
        metadata: {
          name: 'a',
          namespace: 'n',
          uid: 'u',
          creationTimestamp: '2026-01-02T03:04:05Z',
          labels: { a: 'b' },
          annotations: null,
          ownerReferences: [{ kind: 'ReplicaSet', name: 'r', apiVersion: 'apps/v1', uid: 'x', controller: true }],
        },
      }),
    )
    assert.ok(read.state === 'typed')
    assert.deepEqual(read.object.metadata, {
      name: 'a',
      namespace: 'n',
      uid: 'u',
      createdAtMs: Date.UTC(2026, 0, 2, 3, 4, 5),
      labels: { a: 'b' },
      annotations: {},
      owners: [{ kind: 'ReplicaSet', name: 'r' }],
    })
  })
})

describe('objects that are not', () => {
  const cases: readonly (readonly [name: string, value: unknown, issues: readonly string[]])[] = [
    [
      'a port out of range',
      make('Service', { spec: { ports: [{ port: 0 }] } }),
      ['spec.ports[0].port: 0 / an integer from 1 to 65535'],
    ],
    [
      'a target port of another type',
      make('Service', { spec: { ports: [{ port: 1, targetPort: true }] } }),
      ['spec.ports[0].targetPort: true / an integer from 1 to 65535'],
    ],
    [
      'an endpoint without address',
      make('EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: [] }] }),
      ['endpoints[0].addresses: 0 items / at least 1 item'],
    ],
    [
      'a listener with a mistyped field',
      make('Gateway', {
        spec: { gatewayClassName: 'c', listeners: [{ name: 'm', port: 1, protocol: 'HBONE', allowedRoute: {} }] },
      }),
      ['spec.listeners[0].allowedRoute: allowedRoute / one of name, hostname, port, protocol, tls, allowedRoutes'],
    ],
    [
      'a grant that says more than is understood',
      make('ReferenceGrant', {
        spec: { from: [{ group: '', kind: 'K', namespace: 'n' }], to: [{ group: '', kind: 'S', names: ['a'] }] },
      }),
      ['spec.to[0].names: names / one of group, kind, name'],
    ],
    [
      'a secret with a wrong value',
      make('Secret', { data: { a: 12345 }, stringData: 'hunter2' }),
      ['data.a: (not shown) / a string', 'stringData: (not shown) / an object'],
    ],
    [
      'a label that is a number',
      make('Pod', { metadata: { name: 'x', labels: { version: 1 } } }),
      ['metadata.labels.version: 1 / a string'],
    ],
    [
      'a time that is none',
      make('Pod', { metadata: { name: 'x', creationTimestamp: 'soon' } }),
      ['metadata.creationTimestamp: soon / an RFC 3339 time'],
    ],
    ['no name', make('Service', { metadata: {} }), ['metadata.name: nothing / a string']],
    ['spec of another type', make('Service', { spec: [] }), ['spec: [] / an object']],
  ]
  for (const [name, value, issues] of cases) {
    it(name, () => {
      const read = readObject(value)
      assert.equal(read.state, 'broken')
      assert.deepEqual(brief(read.issues), issues)
    })
  }
})

describe('objects that are read in spite of something', () => {
  it('harmless unknown fields are told', () => {
    const read = readObject(make('Service', { metadata: { name: 'x', lables: {} }, spec: { port: [] }, extra: 1 }))
    assert.equal(read.state, 'typed')
    assert.deepEqual(
      read.issues.map(({ path, message }) => `${path}: ${message}`),
      [
        'metadata.lables: unknown field; did you mean "labels"?',
        'extra: unknown field',
        'spec.port: unknown field; did you mean "ports"?',
      ],
    )
  })

  it('a route and a policy stay in force with bad metadata', () => {
    for (const kind of ['HTTPRoute', 'GRPCRoute', 'AuthorizationPolicy']) {
      const read = readObject(make(kind, { metadata: { name: 'x', namespace: 'shop', labels: { a: 1 } } }))
      assert.ok(read.state === 'typed')
      assert.equal(read.object.metadata.namespace, 'shop')
      assert.deepEqual(brief(read.issues), ['metadata.labels.a: 1 / a string'])
    }
  })

  it('a parent with a wrong part means the whole parent', () => {
    const read = readObject(
      make('GRPCRoute', {
        spec: { parentRefs: [{ group: '', kind: 'Service', name: 'a', port: 'http' }, { kind: 'Service' }] },
      }),
    )
    assert.ok(read.state === 'typed' && read.object.kind === 'GRPCRoute')
    assert.deepEqual(read.object.parentRefs, [{ group: '', kind: 'Service', name: 'a', path: 'spec.parentRefs[0]' }])
    assert.deepEqual(brief(read.issues), [
      'spec.parentRefs[0].port: http / an integer from 1 to 65535',
      'spec.parentRefs[1].name: nothing / a string',
    ])
  })
})

it('nothing that can be written makes reading throw', () => {
  const values: readonly unknown[] = [
    undefined,
    null,
    0,
    '',
    [],
    {},
    [[]],
    { a: null },
    'x'.repeat(10_000),
    { __proto__: null },
  ]
  for (const kind of knownKinds.keys()) {
    for (const value of values) {
      for (const field of ['metadata', 'spec', 'status', 'data', 'endpoints', 'ports', 'addressType']) {
        assert.doesNotThrow(() => readObject(make(kind, { [field]: value })))
        assert.doesNotThrow(() =>
          readObject(
            make(kind, {
              spec: { rules: [value], parentRefs: [value], listeners: [value], ports: [value], [field]: value },
            }),
          ),
        )
        assert.doesNotThrow(() =>
          readObject(make(kind, { spec: { rules: [{ matches: [value], filters: [value], backendRefs: [value] }] } })),
        )
      }
    }
  }
})

for (const [apiVersion, kind, state, message] of [
  [
    'networking.istio.io/v1',
    'DestinationRule',
    'unsupported',
    /^DestinationRule is not read: BackendPolicy or BackendTLSPolicy is in its place/,
  ],
  ['networking.istio.io/v1alpha3', 'EnvoyFilter', 'unsupported', /^EnvoyFilter is not read: Filter is in its place/],
  [
    'networking.istio.io/v1',
    'WorkloadGroup',
    'unsupported',
    /^WorkloadGroup is not read: a WorkloadEntry is in its place/,
  ],
  ['networking.istio.io/v1beta1', 'ProxyConfig', 'unsupported', /^ProxyConfig is not read: a flag of fairway run/],
  ['networking.istio.io/v1', 'Sidecar', 'unsupported', /^Sidecar is not carried out: it is about proxies beside Pods/],
  ['example.com/v1', 'DestinationRule', 'unsupported', /^unknown kind DestinationRule/],
  ['networking.istio.io/v1', 'constructor', 'unsupported', /^unknown kind constructor$/],
  ['security.istio.io/v1', 'PeerAuthentication', 'unrelated', undefined],
  ['gateway.networking.x-k8s.io/v1alpha1', 'XMesh', 'unrelated', undefined],
  ['gateway.networking.k8s.io/v1', 'UDPRoute', 'unsupported', /^UDPRoute is not carried out: ztunnel takes UDP past/],
] as const) {
  it(`${apiVersion} ${kind}, which others read, is ${state}`, () => {
    const read = readObject({ apiVersion, kind, metadata: { name: 'a', namespace: 'shop' }, spec: {} })
    assert.equal(read.state, state)
    if (message === undefined) assert.deepEqual(read.issues, [])
    else assert.match(read.issues[0]?.message ?? '', message)
  })
}
