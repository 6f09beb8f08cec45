import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { PodObject } from '../../objects/pod.ts'
import { identityOf, takesHbone, workloadOf } from './workload.ts'

const pod = (metadata: Partial<PodObject['metadata']>, serviceAccount = 'default'): PodObject => ({
  kind: 'Pod',
  metadata: { name: 'api-7d9f8b-abcde', namespace: 'shop', labels: {}, annotations: {}, owners: [], ...metadata },
  serviceAccount,
  addresses: [],
})

describe('the workload’s name', () => {
  const cases: readonly (readonly [name: string, metadata: Partial<PodObject['metadata']>, wanted: string])[] = [
    [
      'a ReplicaSet is its Deployment',
      { owners: [{ kind: 'ReplicaSet', name: 'api-7d9f8b' }], labels: { 'pod-template-hash': '7d9f8b' } },
      'api',
    ],
    ['a ReplicaSet of its own', { owners: [{ kind: 'ReplicaSet', name: 'api-7d9f8b' }] }, 'api-7d9f8b'],
    ['a StatefulSet', { owners: [{ kind: 'StatefulSet', name: 'db' }] }, 'db'],
    ['a CronJob', { owners: [{ kind: 'Job', name: 'nightly-28912345' }] }, 'nightly'],
    ['a Job', { owners: [{ kind: 'Job', name: 'migrate-3' }] }, 'migrate-3'],
    ['no owner but a hash', { labels: { 'pod-template-hash': '7d9f8b' } }, 'api'],
    ['a hash that is not in the name', { labels: { 'pod-template-hash': 'zzz' } }, 'api-7d9f8b-abcde'],
    ['a bare Pod', {}, 'api-7d9f8b-abcde'],
  ]
  for (const [name, metadata, wanted] of cases) {
    it(name, () => assert.equal(workloadOf(pod(metadata), undefined).name, wanted))
  }
})

describe('canonical name and revision', () => {
  const name = 'service.istio.io/canonical-name'
  const revision = 'service.istio.io/canonical-revision'
  const cases: readonly (readonly [labels: Readonly<Record<string, string>>, name: string, revision: string])[] = [
    [{}, 'api-7d9f8b-abcde', 'latest'],
    [{ app: 'a', version: 'v1' }, 'a', 'v1'],
    [{ 'app.kubernetes.io/name': 'b', 'app.kubernetes.io/version': 'v2', app: 'a', version: 'v1' }, 'b', 'v2'],
    [{ [name]: 'c', [revision]: 'v3', 'app.kubernetes.io/name': 'b', app: 'a', version: 'v1' }, 'c', 'v3'],
  ]
  for (const [labels, canonicalName, canonicalRevision] of cases) {
    it(`${JSON.stringify(labels)}: ${canonicalName} ${canonicalRevision}`, () => {
      assert.partialDeepStrictEqual(workloadOf(pod({ labels }), undefined), { canonicalName, canonicalRevision })
    })
  }
})

it('the uid changes with the Pod, and names it when there is none', () => {
  assert.equal(workloadOf(pod({ uid: 'u1' }), undefined).uid, 'u1')
  assert.equal(workloadOf(pod({}), undefined).uid, 'shop/api-7d9f8b-abcde')
})

it('the cluster is there when it is known', () => {
  assert.equal(workloadOf(pod({}), 'east').cluster, 'east')
  assert.equal('cluster' in workloadOf(pod({}), undefined), false)
})

it('HBONE is what the annotation or the label says, to the letter', () => {
  assert.equal(takesHbone(pod({ annotations: { 'ambient.istio.io/redirection': 'enabled' } })), true)
  assert.equal(takesHbone(pod({ labels: { 'networking.istio.io/tunnel': 'http' } })), true)
  assert.equal(takesHbone(pod({ annotations: { 'ambient.istio.io/redirection': 'disabled' } })), false)
  assert.equal(takesHbone(pod({ labels: { 'ambient.istio.io/redirection': 'enabled' } })), false)
})

it('an identity that cannot be written is none', () => {
  assert.equal(identityOf(pod({}, 'api'), 'td'), 'spiffe://td/ns/shop/sa/api')
  assert.equal(identityOf(pod({}, 'a/b'), 'td'), undefined)
})
