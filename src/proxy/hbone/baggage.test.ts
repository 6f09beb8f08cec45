import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatSpiffeId } from '../../model/identity.ts'
import { describeSource, parseBaggage } from './baggage.ts'

const none = {
  cluster: undefined,
  namespace: undefined,
  workload: undefined,
  canonicalName: undefined,
  canonicalRevision: undefined,
  app: undefined,
  version: undefined,
}

const cases: readonly {
  readonly name: string
  readonly text: string
  readonly found: Partial<typeof none | Record<string, string>>
}[] = [
  {
    name: 'what ztunnel sends',
    text: 'k8s.cluster.name=Kubernetes,k8s.namespace.name=shop,k8s.pod.name=front,service.name=front,service.version=v1,cloud.region=r',
    found: {
      cluster: 'Kubernetes',
      namespace: 'shop',
      workload: 'front',
      canonicalName: 'front',
      canonicalRevision: 'v1',
    },
  },
  {
    name: 'a deployment, with spaces',
    text: ' k8s.deployment.name = api , app.name=a',
    found: { workload: 'api', app: 'a' },
  },
  {
    name: 'a value with an equals sign, which is not decoded',
    text: 'service.name=a%20=b',
    found: { canonicalName: 'a%20=b' },
  },
  { name: 'nothing', text: '', found: {} },
  { name: 'entries without key or value', text: '=x,service.name=,,app.version', found: {} },
  {
    name: 'a value too long to be a label',
    text: `service.name=${'x'.repeat(254)},app.name=${'y'.repeat(253)}`,
    found: { app: 'y'.repeat(253) },
  },
  { name: 'more entries than anybody sends', text: `${'a=b,'.repeat(64)}service.name=late`, found: {} },
  { name: 'names of JavaScript', text: '__proto__=x,constructor=y,service.name=z', found: { canonicalName: 'z' } },
]
for (const { name, text, found } of cases) {
  test(`baggage: ${name}`, () => assert.deepEqual(parseBaggage(text), { ...none, ...found }))
}

const principal = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'front' })

test('the certificate says who it is, baggage only what it is called', () => {
  const source = describeSource(principal, '10.0.0.1', 'k8s.namespace.name=shop,k8s.pod.name=front-pod')
  assert.equal(source.principal, principal)
  assert.equal(source.namespace, 'shop')
  assert.equal(source.serviceAccount, 'front')
  assert.equal(source.address, '10.0.0.1')
  assert.equal(source.workload, 'front-pod')
})

for (const [why, baggage] of [
  ['of another namespace', 'k8s.namespace.name=bank,k8s.pod.name=vault'],
  ['without a namespace', 'k8s.pod.name=vault'],
  ['that is missing', undefined],
] as const) {
  test(`baggage ${why} is not believed`, () => {
    const source = describeSource(principal, '10.0.0.1', baggage)
    assert.equal(source.workload, undefined)
    assert.equal(source.namespace, 'shop')
  })
}
