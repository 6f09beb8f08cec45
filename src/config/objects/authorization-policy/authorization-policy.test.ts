import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Issue } from '../../../lib/decoded.ts'
import { readObject } from '../read-object.ts'
import { decodeAuthorizationPolicy } from './authorization-policy.ts'

const decode = (spec: unknown, body: object = {}) => {
  const warnings: Issue[] = []
  const metadata = { name: 'p', namespace: 'shop', labels: {}, annotations: {}, owners: [] }
  const decoded = decodeAuthorizationPolicy({ metadata, body: { spec, ...body }, warnings })
  assert.ok(decoded.ok)
  const brief = (issues: readonly Issue[]): readonly string[] => issues.map(({ path, found }) => `${path}: ${found}`)
  return { ...decoded.value, defects: brief(decoded.value.defects), warnings: brief(warnings) }
}

test('a policy without a word allows nothing', () => {
  for (const spec of [undefined, null, {}, { rules: null }, { rules: [] }]) {
    const { action, rules, defects } = decode(spec)
    assert.deepEqual({ action, rules, defects }, { action: 'ALLOW', rules: [], defects: [] })
  }
})

test('a field that is there and says nothing counts as not there, and is told of', () => {
  const { defects, rules, warnings } = decode({
    action: null,
    rules: [{ from: null, when: [{ key: 'source.ip', values: ['::1'], notValues: null }] }],
  })
  assert.deepEqual([defects, rules.length], [[], 1])
  assert.deepEqual(warnings, ['spec.action: null', 'spec.rules[0].from: null', 'spec.rules[0].when[0].notValues: null'])
})

test('every field of a source, an operation and a condition is read', () => {
  const source = {
    principals: ['a'],
    notPrincipals: ['b'],
    requestPrincipals: ['c'],
    notRequestPrincipals: ['d'],
    namespaces: ['e'],
    notNamespaces: ['f'],
    trustDomains: ['g'],
    notTrustDomains: ['h'],
    ipBlocks: ['10.0.0.0/8'],
    notIpBlocks: ['10.1.0.1'],
    remoteIpBlocks: ['fd00::/8'],
    notRemoteIpBlocks: ['::1'],
  }
  const operation = {
    hosts: ['a'],
    notHosts: ['b'],
    ports: ['80'],
    notPorts: ['443'],
    methods: ['GET'],
    notMethods: ['PUT'],
    paths: ['/a'],
    notPaths: ['/{*}'],
  }
  const { rules, defects } = decode({ rules: [{ from: [{ source }], to: [{ operation }] }] })
  assert.deepEqual(defects, [])
  const [rule] = rules
  assert.deepEqual(
    rule?.from.map((list) => list.map(({ field, values, notValues }) => [field.kind, ...values, ...notValues].join())),
    [
      [
        'source.principal,a,b',
        'request.auth.principal,c,d',
        'source.namespace,e,f',
        'source.trustDomain,g,h',
        'source.ip,10.0.0.0/8,10.1.0.1',
        'remote.ip,fd00::/8,::1',
      ],
    ],
  )
  assert.deepEqual(
    rule?.to.map((list) => list.map(({ field, values, notValues }) => [field.kind, ...values, ...notValues].join())),
    [['request.host,a,b', 'destination.port,80,443', 'request.method,GET,PUT', 'request.path,/a,/{*}']],
  )
})

test('service accounts without a namespace are of the policy’s own', () => {
  const { rules } = decode({
    rules: [
      {
        from: [{ source: { serviceAccounts: ['a', 'bank/b'], notServiceAccounts: ['c'] } }],
        when: [{ key: 'source.serviceAccount', values: ['d'] }],
      },
    ],
  })
  assert.deepEqual(rules[0]?.from[0]?.[0]?.values, ['shop/a', 'bank/b'])
  assert.deepEqual(rules[0]?.from[0]?.[0]?.notValues, ['shop/c'])
  assert.deepEqual(rules[0]?.when[0]?.values, ['shop/d'])
})

const KEYS: readonly (readonly [key: string, field: unknown])[] = [
  ['source.ip', { kind: 'source.ip' }],
  ['request.auth.audiences', { kind: 'request.auth.audiences' }],
  ['request.headers[X-Token]', { kind: 'request.headers', name: 'x-token' }],
  ['request.headers[:authority]', { kind: 'request.headers', name: ':authority' }],
  ['request.experimental.inline.headers[Via]', { kind: 'request.experimental.inline.headers', name: 'via' }],
  ['request.auth.claims[iss]', { kind: 'request.auth.claims', names: ['iss'] }],
  ['request.auth.claims[https://x.dev/role][b]', { kind: 'request.auth.claims', names: ['https://x.dev/role', 'b'] }],
]

for (const [key, field] of KEYS) {
  test(`${key} is a key`, () => {
    const { rules, defects } = decode({ rules: [{ when: [{ key, values: ['10.0.0.1'] }] }] })
    assert.deepEqual(defects, [])
    assert.deepEqual(rules[0]?.when[0]?.field, field)
    assert.equal(rules[0]?.when[0]?.path, 'spec.rules[0].when[0]')
  })
}

const inSource = (source: unknown) => ({ rules: [{ from: [{ source }] }] })
const inOperation = (operation: unknown) => ({ rules: [{ to: [{ operation }] }] })
const inWhen = (when: unknown) => ({ rules: [{ when: [when] }] })

/** Specs that are not right, and the field that is at fault. */
const BAD: readonly (readonly [spec: unknown, path: string])[] = [
  ['x', 'spec'],
  [[], 'spec'],
  [{ rule: [] }, 'spec.rule'],
  [{ action: 'Allow' }, 'spec.action'],
  [{ action: 'LOG' }, 'spec.action'],
  [{ action: 'CUSTOM' }, 'spec.provider'],
  [{ action: 'CUSTOM', provider: {} }, 'spec.provider.name'],
  [{ action: 'CUSTOM', provider: { name: '' } }, 'spec.provider.name'],
  [{ action: 'DENY', provider: { name: 'x' } }, 'spec.provider'],
  [{ rules: {} }, 'spec.rules'],
  [{ rules: [null] }, 'spec.rules[0]'],
  [{ rules: Array.from({ length: 513 }, () => ({})) }, 'spec.rules'],
  [{ rules: [{ form: [] }] }, 'spec.rules[0].form'],
  [{ rules: [{ from: [] }] }, 'spec.rules[0].from'],
  [{ rules: [{ to: [] }] }, 'spec.rules[0].to'],
  [{ rules: [{ from: [{}] }] }, 'spec.rules[0].from[0].source'],
  [{ rules: [{ to: [{}] }] }, 'spec.rules[0].to[0].operation'],
  [inSource({}), 'spec.rules[0].from[0].source'],
  [inSource({ principals: [] }), 'spec.rules[0].from[0].source'],
  [inSource({ principal: ['a'] }), 'spec.rules[0].from[0].source.principal'],
  [inSource({ principals: 'a' }), 'spec.rules[0].from[0].source.principals'],
  [inSource({ principals: [''] }), 'spec.rules[0].from[0].source.principals[0]'],
  [inSource({ namespaces: ['a', 7] }), 'spec.rules[0].from[0].source.namespaces[1]'],
  [inSource({ serviceAccounts: ['a/b/c'] }), 'spec.rules[0].from[0].source.serviceAccounts[0]'],
  [inSource({ serviceAccounts: ['a*'] }), 'spec.rules[0].from[0].source.serviceAccounts[0]'],
  [inSource({ serviceAccounts: ['/a'] }), 'spec.rules[0].from[0].source.serviceAccounts[0]'],
  [inSource({ serviceAccounts: ['a'], namespaces: ['b'] }), 'spec.rules[0].from[0].source'],
  [inSource({ serviceAccounts: ['a'], notPrincipals: ['b'] }), 'spec.rules[0].from[0].source'],
  [inSource({ ipBlocks: ['10.0.0.0/33'] }), 'spec.rules[0].from[0].source.ipBlocks[0]'],
  [inSource({ notRemoteIpBlocks: ['localhost'] }), 'spec.rules[0].from[0].source.notRemoteIpBlocks[0]'],
  [inOperation({}), 'spec.rules[0].to[0].operation'],
  [inOperation({ ports: [80] }), 'spec.rules[0].to[0].operation.ports[0]'],
  [inOperation({ ports: ['0'] }), 'spec.rules[0].to[0].operation.ports[0]'],
  [inOperation({ ports: ['65536'] }), 'spec.rules[0].to[0].operation.ports[0]'],
  [inOperation({ ports: ['http'] }), 'spec.rules[0].to[0].operation.ports[0]'],
  [inOperation({ paths: ['/{*}.txt'] }), 'spec.rules[0].to[0].operation.paths[0]'],
  [inOperation({ paths: ['/{**}/{*}'] }), 'spec.rules[0].to[0].operation.paths[0]'],
  [inOperation({ notPaths: ['/{name}'] }), 'spec.rules[0].to[0].operation.notPaths[0]'],
  [inOperation({ methods: [null] }), 'spec.rules[0].to[0].operation.methods[0]'],
  [inWhen({ values: ['a'] }), 'spec.rules[0].when[0].key'],
  [inWhen({ key: 'source.ip' }), 'spec.rules[0].when[0].values'],
  [inWhen({ key: 'source.ip', values: [] }), 'spec.rules[0].when[0].values'],
  [inWhen({ key: 'source.ip', values: ['x'] }), 'spec.rules[0].when[0].values[0]'],
  [inWhen({ key: 'destination.port', notValues: ['x'] }), 'spec.rules[0].when[0].notValues[0]'],
  [inWhen({ key: 'request.header[a]', values: ['a'] }), 'spec.rules[0].when[0].key'],
  [inWhen({ key: 'request.headers', values: ['a'] }), 'spec.rules[0].when[0].key'],
  [inWhen({ key: 'request.headers[]', values: ['a'] }), 'spec.rules[0].when[0].key'],
  [inWhen({ key: 'request.headers[a b]', values: ['a'] }), 'spec.rules[0].when[0].key'],
  [inWhen({ key: 'request.auth.claims', values: ['a'] }), 'spec.rules[0].when[0].key'],
  [inWhen({ key: 'request.auth.claims[a][]', values: ['a'] }), 'spec.rules[0].when[0].key'],
  [inWhen({ key: 'destination.labels[a]', values: ['a'] }), 'spec.rules[0].when[0].key'],
  [inWhen({ key: 'experimental.envoy.filters.a[b]', values: ['a'] }), 'spec.rules[0].when[0].key'],
  [inWhen({ key: 'source.ip', values: ['10.0.0.1'], value: ['a'] }), 'spec.rules[0].when[0].value'],
]

for (const [spec, path] of BAD) {
  test(`nothing is carried out in part: ${JSON.stringify(spec).slice(0, 120)}`, () => {
    const { defects, rules, warnings } = decode(spec)
    assert.equal(defects.length, 1, defects.join('\n'))
    const [defect = ''] = defects
    assert.ok(defect.startsWith(`${path}: `), defect)
    assert.ok(warnings.includes(defect))
    if (path !== 'spec' && path !== 'spec.rule') assert.deepEqual(rules, [])
  })
}

test('a field beside spec is reported, and closes nothing', () => {
  const { defects, warnings } = decode({}, { rules: [] })
  assert.deepEqual([defects, warnings], [[], ['rules: rules']])
})

test('a policy of a version that nobody knows closes what it is about', () => {
  const policy = {
    apiVersion: 'security.istio.io/v2',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'p', namespace: 'shop' },
    spec: { action: 'DENY', targetRefs: [{ kind: 'Service', name: 'api' }], rules: [{}] },
  }
  const read = readObject(policy)
  assert.ok(read.state === 'typed' && read.object.kind === 'AuthorizationPolicy')
  assert.deepEqual(
    read.object.defects.map(({ path, found }) => [path, found]),
    [['apiVersion', 'security.istio.io/v2']],
  )
  assert.equal(readObject({ ...policy, apiVersion: 'security.example.com/v1' }).state, 'unsupported')
})

test('a slip of the pen in what a policy is closes what it is about, and others have policies of that name', () => {
  const stateOf = (apiVersion: string, kind: string): string => {
    const spec = { action: 'DENY', targetRefs: [{ kind: 'Service', name: 'api' }], rules: [{}] }
    const read = readObject({ apiVersion, kind, metadata: { name: 'p', namespace: 'shop' }, spec })
    const isPolicy = read.state === 'typed' && read.object.kind === 'AuthorizationPolicy'
    return isPolicy && read.object.defects.length === 1 ? 'closes' : read.state
  }
  assert.equal(stateOf('security.istio.io/v1', 'AuthorisationPolicy'), 'closes')
  assert.equal(stateOf('security.istio.io/v1', 'authorizationPolicy'), 'closes')
  assert.equal(stateOf('security.istio.oi/v1', 'AuthorizationPolicy'), 'closes')
  assert.equal(stateOf('v1', 'AuthorizationPolicy'), 'closes')
  assert.equal(stateOf('policy.linkerd.io/v1alpha1', 'AuthorizationPolicy'), 'unsupported')
  assert.equal(stateOf('gateway.kgateway.dev/v1', 'AuthorizationPolicy'), 'unsupported')
  assert.equal(stateOf('security.istio.io/v1', 'Sidecar'), 'unsupported')
})
