import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadText } from '../../../../test/support/load-text.ts'
import type { TranslateOptions } from '../options.ts'
import { createTranslator, type Translation } from '../translate.ts'
import type { Names } from './entry-hosts.ts'

const options: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
}

const base = `
{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { istio.io/use-waypoint: w } } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: w, namespace: shop }
spec: { gatewayClassName: c, listeners: [{ name: mesh, port: 15008, protocol: HBONE }] }
`
const entry = (name: string, spec: string, more = ''): string =>
  `{ apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: { name: ${name}, namespace: shop${more} }, spec: { ports: [{ number: 80, name: http }], ${spec} } }`

const load = (...documents: readonly string[]) => loadText('f.yaml', [base, ...documents].join('\n---\n')).objects

const namesOf = (known: Readonly<Record<string, readonly string[]>>): Names => new Map(Object.entries(known))

const addressesOf = ({ model }: Translation, host: string): readonly string[] | undefined =>
  model.endpoints.find(({ key }) => key === `shop/${host}:80`)?.endpoints.map(({ address }) => address)

const faultsOf = ({ conditions }: Translation): readonly string[] =>
  conditions.flatMap(({ object, type, message }) =>
    object.kind === 'ServiceEntry' && type !== 'Accepted' ? [`${type}: ${message}`] : [],
  )

describe('endpoints that are names', () => {
  for (const [what, spec, expected, wanted] of [
    ['the host itself', 'hosts: [A.example.com], resolution: DNS', ['192.0.2.1', '192.0.2.2'], ['a.example.com']],
    ['the first address', 'hosts: [a.example.com], resolution: DNS_ROUND_ROBIN', ['192.0.2.1'], ['a.example.com']],
    [
      'names and addresses of endpoints',
      'hosts: [a.example.com], resolution: DNS, endpoints: [{ address: b.example.com. }, { address: 192.0.2.9 }]',
      ['192.0.2.3', '192.0.2.9'],
      ['b.example.com'],
    ],
  ] as const) {
    it(`are ${what}`, () => {
      const names = namesOf({ 'a.example.com': ['192.0.2.1', '192.0.2.2'], 'b.example.com': ['192.0.2.3'] })
      const translated = createTranslator(options)(load(entry('e', spec)), names)
      assert.deepEqual(addressesOf(translated, 'a.example.com'), expected)
      assert.deepEqual([translated.names, faultsOf(translated)], [wanted, []])
    })
  }

  it('are none before anybody has asked, and a fault once nobody knows them', () => {
    const translate = createTranslator(options)
    const objects = load(entry('e', 'hosts: [a.example.com], resolution: DNS'))
    const before = translate(objects)
    assert.deepEqual([addressesOf(before, 'a.example.com'), faultsOf(before)], [[], []])
    const after = translate(objects, namesOf({ 'a.example.com': [] }))
    assert.deepEqual(faultsOf(after), ['PartiallyInvalid: spec.hosts: no address of a.example.com could be found'])
  })

  it('change nothing else when they change', () => {
    const translate = createTranslator(options)
    const objects = load(
      entry('e', 'hosts: [a.example.com], resolution: DNS'),
      entry('f', 'hosts: [f.example.com], resolution: STATIC, endpoints: [{ address: 192.0.2.7 }]'),
    )
    const [before, after] = ['192.0.2.1', '192.0.2.2'].map((address) =>
      translate(objects, namesOf({ 'a.example.com': [address] })),
    )
    assert.ok(before !== undefined && after !== undefined)
    assert.deepEqual(addressesOf(after, 'a.example.com'), ['192.0.2.2'])
    const setOf = ({ model }: Translation) => model.endpoints.find(({ key }) => key === 'shop/f.example.com:80')
    assert.equal(setOf(after), setOf(before))
  })
})

it('policies about backends hold for the hosts of an entry from when it is there', () => {
  const targeting = (type: string, spec: string): string =>
    `{ ${type}, metadata: { name: p, namespace: shop }, spec: { targetRefs: [{ group: networking.istio.io, kind: ServiceEntry, name: e }], ${spec} } }`
  const policies = [
    targeting('apiVersion: fairway.dev/v1alpha1, kind: BackendPolicy', 'limits: { maxRequests: 1 }'),
    targeting(
      'apiVersion: gateway.networking.k8s.io/v1, kind: BackendTLSPolicy',
      'validation: { hostname: a.example.com, wellKnownCACertificates: System }',
    ),
  ]
  const translate = createTranslator(options)
  translate(load(...policies))
  const spec = 'hosts: [a.example.com, b.example.com], resolution: STATIC, endpoints: [{ address: 192.0.2.1 }]'
  const { model, conditions } = translate(load(...policies, entry('e', spec)))
  for (const { key, tls, policy } of model.endpoints) {
    assert.deepEqual([tls?.hostname, policy?.limits], ['a.example.com', { maxRequests: 1 }], key)
  }
  assert.equal(model.endpoints.length, 2)
  assert.deepEqual(
    conditions.filter(({ status }) => status !== 'True'),
    [],
  )
})

describe('WorkloadEntries that an entry selects', () => {
  const workload = (name: string, { labels = '{ app: vm }', namespace = 'shop', more = '' }, address: string): string =>
    `{ apiVersion: networking.istio.io/v1, kind: WorkloadEntry, metadata: { name: ${name}, namespace: ${namespace}, labels: ${labels} }, spec: { address: ${address}${more} } }`
  const selecting = (resolution: string, labels = '{ app: vm }'): string =>
    entry('e', `hosts: [a.example.com], resolution: ${resolution}, workloadSelector: { labels: ${labels} }`)
  const pod =
    '{ apiVersion: v1, kind: Pod, metadata: { name: p, namespace: shop, labels: { app: vm } }, status: { podIP: 10.1.0.1 } }'
  const cases: readonly (readonly [what: string, documents: readonly string[], to: readonly string[]])[] = [
    ['are endpoints', [selecting('STATIC'), workload('w', {}, '192.0.2.1')], ['192.0.2.1:80']],
    ['beside Pods', [selecting('STATIC'), workload('w', {}, '192.0.2.1'), pod], ['10.1.0.1:80', '192.0.2.1:80']],
    [
      'at their own ports',
      [selecting('STATIC'), workload('w', { more: ', ports: { http: 8080 }' }, '192.0.2.1')],
      ['192.0.2.1:8080'],
    ],
    ['not of other labels', [selecting('STATIC'), workload('w', { labels: '{ app: v }' }, '192.0.2.1')], []],
    ['not of other namespaces', [selecting('STATIC'), workload('w', { namespace: 'far' }, '192.0.2.1')], []],
    [
      'by labels of their specs',
      [selecting('STATIC'), workload('w', { labels: '{}', more: ', labels: { app: vm }' }, '192.0.2.1')],
      ['192.0.2.1:80'],
    ],
    [
      'where those of their metadata say nothing else',
      [selecting('STATIC'), workload('w', { labels: '{ app: v }', more: ', labels: { app: vm }' }, '192.0.2.1')],
      [],
    ],
    ['that have names', [selecting('DNS'), workload('w', {}, 'b.example.com')], ['192.0.2.3:80']],
    ['not without labels', [selecting('STATIC', '{}'), workload('w', {}, '192.0.2.1'), pod], []],
  ]
  for (const [what, documents, to] of cases) {
    it(what, () => {
      const names = namesOf({ 'b.example.com': ['192.0.2.3'] })
      const { model } = createTranslator(options)(load(...documents), names)
      const set = model.endpoints.find(({ key }) => key === 'shop/a.example.com:80')
      assert.deepEqual(set?.endpoints.map(({ address, port }) => `${address}:${port}`) ?? [], to)
    })
  }

  it('come and go', () => {
    const translate = createTranslator(options)
    const [objects] = [load(selecting('STATIC'), workload('w', {}, '192.0.2.1'))]
    assert.deepEqual(addressesOf(translate(objects), 'a.example.com'), ['192.0.2.1'])
    const rest = objects.filter(({ read }) => read.ref?.kind !== 'WorkloadEntry')
    assert.deepEqual(addressesOf(translate(rest), 'a.example.com') ?? [], [])
    assert.deepEqual(addressesOf(translate(objects), 'a.example.com'), ['192.0.2.1'])
  })

  it('are nothing to a Service that selects them, whose condition says so', () => {
    const service =
      '{ apiVersion: v1, kind: Service, metadata: { name: s, namespace: shop }, spec: { clusterIP: 10.96.0.1, selector: { app: vm }, ports: [{ port: 80 }] } }'
    const { conditions } = createTranslator(options)(load(service, workload('w', {}, '192.0.2.1')))
    const told = conditions.filter(({ object }) => object.kind === 'Service').map(({ message }) => message)
    assert.match(told.join(), /nothing is sent to the WorkloadEntries that it selects \(w\): only ServiceEntries/)
  })

  it('show who they are where they take HBONE, and are told by their names', () => {
    const tunnel = ', serviceAccount: ledger, weight: 3, labels: { networking.istio.io/tunnel: http }'
    const inside = entry(
      'e',
      'hosts: [a.example.com], location: MESH_INTERNAL, resolution: STATIC, workloadSelector: { labels: { app: vm } }',
    )
    const translated = createTranslator(options)(load(inside, workload('w', { more: tunnel }, '192.0.2.1')))
    const [endpoint] = translated.model.endpoints[0]?.endpoints ?? []
    assert.deepEqual([endpoint?.transport, endpoint?.identity], ['hbone', 'spiffe://cluster.local/ns/shop/sa/ledger'])
    assert.deepEqual(faultsOf(translated), ['PartiallyInvalid: WorkloadEntry w.weight is not looked at'])
  })
})

describe('what an entry asks for and does not get', () => {
  const pod = (home: string, app: string): string =>
    `{ apiVersion: v1, kind: Pod, metadata: { name: p, namespace: ${home}, labels: { app: ${app} } }, status: { podIP: 10.1.0.1 } }`
  const selecting = entry('e', 'hosts: [a.example.com], resolution: STATIC, workloadSelector: { labels: { app: vm } }')
  const racing = (resolution: string): string =>
    entry(
      'e',
      `hosts: [a.example.com], resolution: ${resolution}`,
      ', annotations: { istio.io/connect-strategy: RACE_FIRST_TCP_CONNECT }',
    )
  const cases: readonly (readonly [what: string, documents: readonly string[], told: RegExp | undefined])[] = [
    ['its Pods', [selecting, pod('shop', 'vm')], undefined],
    [
      'a workload, beside other Pods',
      [selecting, pod('shop', 'web')],
      /takes no Pod and no WorkloadEntry of namespace shop/,
    ],
    ['Pods of a namespace of which none is known', [selecting, pod('far', 'vm')], undefined],
    ['a race', [racing('DNS')], /istio\.io\/connect-strategy is not looked at/],
    ['a race without names', [racing('STATIC')], undefined],
  ]
  for (const [what, documents, told] of cases) {
    it(what, () => {
      const faults = faultsOf(createTranslator(options)(load(...documents)))
      if (told === undefined) return assert.deepEqual(faults, [])
      assert.equal(faults.length, 1)
      assert.match(faults.join(), told)
    })
  }
})

describe('of two entries with one host', () => {
  const spec = (address: string): string =>
    `hosts: [a.example.com], resolution: STATIC, endpoints: [{ address: ${address} }]`
  const at = (time: string): string => `, creationTimestamp: '${time}'`
  for (const [what, first, second, expected] of [
    ['the older has it', at('2026-01-02T00:00:00Z'), at('2026-01-01T00:00:00Z'), '192.0.2.2'],
    ['the first by name has it where ages are not known', '', '', '192.0.2.1'],
    ['one of a known age has it before others', '', at('2026-01-01T00:00:00Z'), '192.0.2.2'],
  ] as const) {
    it(what, () => {
      const objects = load(entry('a', spec('192.0.2.1'), first), entry('b', spec('192.0.2.2'), second))
      for (const set of [objects, objects.toReversed()]) {
        const translated = createTranslator(options)(set)
        assert.deepEqual(addressesOf(translated, 'a.example.com'), [expected])
        assert.equal(translated.conditions.filter(({ message }) => message.includes('is not served for it')).length, 1)
      }
    })
  }
})

it('a route that attaches to an entry is in force after a change of routes alone', () => {
  const translate = createTranslator(options)
  const route = (path: string): string =>
    `{ apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: { name: r, namespace: shop }, spec: { parentRefs: [{ group: networking.istio.io, kind: ServiceEntry, name: e }], rules: [{ matches: [{ path: { value: ${path} } }] }] } }`
  const rest = load(entry('e', 'hosts: [a.example.com, b.example.com], resolution: STATIC'))
  const [one = [], two = []] = ['/a', '/b'].map((path) => loadText('r.yaml', route(path)).objects)
  translate([...rest, ...one])
  const after = translate([...rest, ...two])
  assert.deepEqual(after, createTranslator(options)([...rest, ...two]))
  assert.deepEqual(
    after.model.services.map(({ ports }) => ports[0]?.routes),
    [['HTTPRoute/shop/r'], ['HTTPRoute/shop/r']],
  )
  assert.deepEqual(translate(rest), createTranslator(options)(rest))
})

describe('what an entry may not have', () => {
  for (const [address, meaning] of [
    ['127.0.0.1', 'a loopback address'],
    ['::1', 'a loopback address'],
    ['::ffff:127.0.0.1', 'a loopback address'],
    ['0.0.0.0', 'no address in particular'],
    ['169.254.169.254', 'a link-local address'],
    ['fe80::1', 'a link-local address'],
    ['224.0.0.1', 'an address of many'],
  ] as const) {
    for (const [how, spec, names] of [
      ['as an endpoint', `resolution: STATIC, endpoints: [{ address: '${address}' }]`, {}],
      ['behind a name', 'resolution: DNS', { 'a.example.com': [address] }],
      ['as what was dialled', `resolution: NONE, addresses: ['${address}']`, {}],
    ] as const) {
      it(`${address} ${how}`, () => {
        const objects = load(entry('e', `hosts: [a.example.com], ${spec}`))
        const translated = createTranslator(options)(objects, namesOf(names))
        assert.deepEqual(addressesOf(translated, 'a.example.com'), [])
        assert.ok(
          faultsOf(translated).some((fault) => fault.includes(meaning)),
          faultsOf(translated).join(),
        )
      })
    }
  }

  it('the address of a Pod, which has policies of its own', () => {
    const pod =
      '{ apiVersion: v1, kind: Pod, metadata: { name: p, namespace: bank }, spec: {}, status: { podIP: 10.1.0.9 } }'
    const objects = load(pod, entry('e', 'hosts: [a.example.com], addresses: [10.1.0.9, 10.1.0.8], resolution: STATIC'))
    const translated = createTranslator(options)(objects)
    assert.deepEqual(translated.model.services[0]?.addresses, ['10.1.0.8'])
    assert.deepEqual(faultsOf(translated), ['PartiallyInvalid: address 10.1.0.9 is not served: it is that of a Pod'])
  })

  it('the name of a Service of another namespace, even of one that is not there', () => {
    const objects = load(
      entry('e', 'hosts: [gone.bank.svc.cluster.local, gone.shop.svc.cluster.local], resolution: STATIC'),
    )
    const { model } = createTranslator(options)(objects)
    assert.deepEqual(
      model.services.map(({ hostname }) => hostname),
      ['gone.shop.svc.cluster.local'],
    )
  })

  it('a port called like something that every object has', () => {
    const ports = 'ports: [{ number: 81, name: constructor }, { number: 82, name: toString, targetPort: 83 }]'
    const text = `{ apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: { name: e, namespace: shop }, spec: { hosts: [a.example.com], ${ports}, resolution: STATIC, endpoints: [{ address: 192.0.2.1 }] } }`
    const { model } = createTranslator(options)(load(text))
    assert.deepEqual(
      model.endpoints.map(({ endpoints }) => endpoints[0]?.port),
      [81, 83],
    )
  })

  it('more places than one object can mean', () => {
    const hosts = Array.from({ length: 200 }, (_, i) => `h${i}.example.com`).join()
    const endpoints = Array.from({ length: 400 }, () => '{ address: 192.0.2.1 }').join()
    const objects = load(entry('e', `hosts: [${hosts}], resolution: STATIC, endpoints: [${endpoints}]`))
    const { model, conditions } = createTranslator(options)(objects)
    assert.equal(model.services.length, 0)
    assert.match(conditions.find(({ object }) => object.kind === 'ServiceEntry')?.message ?? '', /80000 ports/)
  })
})

describe('endpoints that are Pods by their labels', () => {
  const pod = (name: string, address: string, status = '', metadata = ''): string =>
    `{ apiVersion: v1, kind: Pod, metadata: { name: ${name}, namespace: shop, labels: { app: vm }${metadata} }, status: { phase: Running, podIP: ${address}${status} } }`
  const ready = ', conditions: [{ type: PodScheduled, status: "True" }, { type: Ready, status: "True" }]'
  const unready = ready.replace(/"True" }]/, '"False" }]')
  const deleted = ', deletionTimestamp: "2026-11-23T22:00:00Z"'
  const cases: readonly (readonly [what: string, pods: readonly string[], used: readonly string[], aside: string])[] = [
    [
      'are those that are ready, or say nothing of it',
      [pod('a', '10.1.0.1', ready), pod('b', '10.1.0.2'), pod('c', '10.1.0.3', unready)],
      ['10.1.0.1', '10.1.0.2'],
      '10.1.0.3 not-ready',
    ],
    [
      'are none that is being deleted while another is there',
      [pod('a', '10.1.0.1', ready, deleted), pod('b', '10.1.0.2', ready)],
      ['10.1.0.2'],
      '10.1.0.1 terminating',
    ],
    [
      'are the last ones that serve while they are being deleted',
      [pod('a', '10.1.0.1', ready, deleted), pod('b', '10.1.0.2', unready, deleted), pod('c', '10.1.0.3', unready)],
      ['10.1.0.1'],
      '10.1.0.2 terminating, 10.1.0.3 not-ready',
    ],
  ]
  for (const [what, pods, used, aside] of cases) {
    it(what, () => {
      const spec =
        'hosts: [vm.example.com], resolution: STATIC, location: MESH_INTERNAL, workloadSelector: { labels: { app: vm } }'
      const translated = createTranslator(options)(load(entry('e', spec), ...pods))
      assert.deepEqual(addressesOf(translated, 'vm.example.com'), used)
      const set = translated.model.endpoints.find(({ key }) => key === 'shop/vm.example.com:80')
      assert.equal(set?.aside?.map(({ address, reason }) => `${address} ${reason}`).join(', '), aside)
    })
  }
})
