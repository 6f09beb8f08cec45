import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripObject } from './strip-object.ts'

const metadata = {
  name: 'a',
  namespace: 'shop',
  uid: 'u',
  resourceVersion: '7',
  generation: 3,
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels: { app: 'api', 'kubernetes.io/service-name': 'api' },
  annotations: {
    'kubectl.kubernetes.io/last-applied-configuration': '{"long":true}',
    'ambient.istio.io/redirection': 'enabled',
    'networking.istio.io/traffic-distribution': 'PreferClose',
    'example.com/note': 'x',
  },
  ownerReferences: [{ kind: 'ReplicaSet', name: 'a-1' }],
  finalizers: ['x'],
  managedFields: [{ manager: 'kubectl' }],
}
const object = { apiVersion: 'v1', metadata, spec: { a: 1 }, status: { podIP: '10.0.0.1' } }
const { annotations, ownerReferences, finalizers: _finalizers, managedFields: _managed, uid, ...plain } = metadata
const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...notes } = annotations
const { 'example.com/note': _note, ...ofMesh } = notes

const cases: readonly (readonly [kind: string, wanted: unknown])[] = [
  ['HTTPRoute', { apiVersion: 'v1', metadata: { ...plain, annotations: notes }, spec: { a: 1 } }],
  [
    'Pod',
    {
      apiVersion: 'v1',
      metadata: { ...plain, uid, ownerReferences, annotations: ofMesh },
      spec: { a: 1 },
      status: { podIP: '10.0.0.1' },
    },
  ],
  [
    'EndpointSlice',
    {
      apiVersion: 'v1',
      metadata: { name: 'a', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'api' } },
      spec: { a: 1 },
    },
  ],
]

describe('of an object is kept what somebody asks for', () => {
  for (const [kind, wanted] of cases) it(kind, () => assert.deepEqual(stripObject(object, kind), wanted))

  it('and nothing is made of what is not there', () => {
    assert.deepEqual(stripObject({ metadata: { name: 'a' } }, 'Namespace'), {
      metadata: { name: 'a', annotations: {} },
    })
  })
})
