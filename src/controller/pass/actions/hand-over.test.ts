import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeJson } from '../../../kube/client.ts'
import { failed } from '../../../kube/failure.ts'
import { kubeResources } from '../../../kube/resources.ts'
import type { Manifest } from '../../manifest.ts'
import { handOverReplicas } from './hand-over.ts'

const ours = { manager: 'fairway-controller', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }
const deployment = (spec: Record<string, number>, kind = 'Deployment'): Manifest => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'w', namespace: 'shop' },
  spec,
})

const cases: readonly {
  readonly what: string
  readonly manifest: Manifest
  readonly owner?: object
  readonly asked: readonly string[]
}[] = [
  { what: 'a number that is still said', manifest: deployment({ replicas: 5 }), asked: [] },
  { what: 'what has no replicas', manifest: deployment({}, 'Service'), asked: [] },
  { what: 'a number of ours', manifest: deployment({}), owner: ours, asked: ['get', 'keep 20'] },
  {
    what: 'a number of an autoscaler’s',
    manifest: deployment({}),
    owner: { ...ours, manager: 'kube-controller-manager', operation: 'Update' },
    asked: ['get'],
  },
  {
    what: 'a Deployment of ours without a number',
    manifest: deployment({}),
    owner: { ...ours, fieldsV1: { 'f:spec': { 'f:template': {} } } },
    asked: ['get'],
  },
]

for (const { what, manifest, owner, asked } of cases) {
  test(`${what} is handed over only if it would go: ${asked.at(-1) ?? 'no question'}`, async () => {
    const heard: string[] = []
    const live: KubeJson = { metadata: { name: 'w', managedFields: [owner] }, spec: { replicas: 20 } }
    const failure = await handOverReplicas(manifest, kubeResources.Deployment, {
      signal: new AbortController().signal,
      client: {
        get: async () => {
          heard.push('get')
          return { ok: true, value: live }
        },
        apply: async (_, object, { fieldManager }) => {
          assert.equal(fieldManager, 'fairway-controller-handover')
          heard.push(`keep ${JSON.stringify(object['spec']).replace(/\D/g, '')}`)
          return { ok: true, value: live }
        },
      },
    })
    assert.deepEqual([heard, failure], [asked, undefined])
  })
}

test('what cannot be handed over is not applied: it would be one replica at once', async () => {
  const refused = failed({ asked: 'x', status: 500, reason: 'InternalError', message: 'no' })
  const failure = await handOverReplicas(deployment({}), kubeResources.Deployment, {
    signal: new AbortController().signal,
    client: { get: async () => refused, apply: () => assert.fail('not asked') },
  })
  assert.equal(failure?.reason, 'InternalError')
})
