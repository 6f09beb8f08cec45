import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readObject } from './read-object.ts'

/** `GROUP/KIND`, and a name behind a second slash. */
const ref = (text: string) => {
  const [group = '', kind = '', name] = text.split(' ')
  return { group: group === "''" ? '' : group, kind, ...(name === undefined ? {} : { name }) }
}

const told = (from: readonly string[], to: readonly string[]): readonly string[] => {
  const read = readObject({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'ReferenceGrant',
    metadata: { name: 'g', namespace: 'infra' },
    spec: { from: from.map((text) => ({ ...ref(text), namespace: 'shop' })), to: to.map(ref) },
  })
  assert.equal(read.state, 'typed', JSON.stringify(read))
  return read.issues.map(({ path, expected }) => `${path} ${expected}`)
}

const FILTER = 'fairway.dev Filter'
const GATEWAY = 'gateway.networking.k8s.io'
const SERVICE = "'' Service"

describe('a ReferenceGrant is as it should be', () => {
  const fine: readonly (readonly [from: readonly string[], to: readonly string[]])[] = [
    [[FILTER], [SERVICE]],
    [
      ['fairway.dev App', FILTER],
      ["'' Service auth", 'networking.istio.io ServiceEntry'],
    ],
    [[`${GATEWAY} Gateway`], ["'' Secret"]],
    [
      [`${GATEWAY} HTTPRoute`, `${GATEWAY} UDPRoute`],
      [SERVICE, 'multicluster.x-k8s.io ServiceImport'],
    ],
    [['gateway.networking.x-k8s.io XListenerSet'], ["'' Secret", "'' ConfigMap"]],
    [["'' PersistentVolumeClaim"], ['snapshot.storage.k8s.io VolumeSnapshot']],
    // What others have nobody here knows.
    [['networking.istio.io Gateway', 'serving.knative.dev Service', 'gateway.envoyproxy.io SecurityPolicy'], [SERVICE]],
    [[`${GATEWAY} NewThing`], [SERVICE]],
    // For the route.
    [
      [`${GATEWAY} HTTPRoute`, FILTER],
      [SERVICE, "'' Secret"],
    ],
  ]
  for (const [from, to] of fine) {
    it(`${from.join(', ')} to ${to.join(', ')}`, () => assert.deepEqual(told(from, to), []))
  }
})

describe('a ReferenceGrant permits nothing', () => {
  const bad: readonly (readonly [from: readonly string[], to: readonly string[], ...issues: string[]])[] = [
    [['fairway.dev Fliter'], [SERVICE], 'spec.from[0].kind Filter'],
    [['fairway.dev filter'], [SERVICE], 'spec.from[0].kind Filter'],
    [['fairway.dve Filter'], [SERVICE], 'spec.from[0].group fairway.dev'],
    [['fairway.dev/v1alpha1 Filter'], [SERVICE], 'spec.from[0].group fairway.dev'],
    [["'' Filter"], [SERVICE], 'spec.from[0].group fairway.dev'],
    [[`${GATEWAY} HttpRoute`], [SERVICE], 'spec.from[0].kind HTTPRoute'],
    [[`${GATEWAY} Service`], [SERVICE], "spec.from[0].group ''"],
    [["'' HTTPRoute"], [SERVICE], `spec.from[0].group ${GATEWAY}`],
    [['gateway.networking.k8s.oi HTTPRoute'], [SERVICE], `spec.from[0].group ${GATEWAY}`],
    [[FILTER], ['core Service'], "spec.to[0].group ''"],
    [[FILTER], ['v1 Service'], "spec.to[0].group ''"],
    [[FILTER], ["'' Services"], 'spec.to[0].kind Service'],
    [[FILTER], ["'' Deployment"], 'spec.to[0].kind a kind of it'],
    [[FILTER], ["'' ServiceEntry"], 'spec.to[0].group networking.istio.io'],
    [['fairway.dev RateLimit'], [SERVICE], 'spec.from[0].kind Filter or App'],
    [[FILTER], ["'' Secret"], 'spec.to[0].kind Service, or ServiceEntry without a name'],
    [[FILTER], ['networking.istio.io ServiceEntry far'], 'spec.to[0].name no name'],
  ]
  for (const [from, to, ...issues] of bad) {
    it(`${from.join(', ')} to ${to.join(', ')}`, () => assert.deepEqual(told(from, to), issues))
  }
})
