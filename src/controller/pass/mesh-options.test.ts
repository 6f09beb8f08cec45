import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveObject } from '../manifest.ts'
import { meshedOptionsOf, winningFlagsOf } from './mesh-options.ts'

const base = {
  clusterDomain: 'cluster.local',
  trustDomain: 'flag.example',
  rootNamespace: 'istio-system',
  pathNormalization: 'NONE',
} as const

const configMap: LiveObject = {
  metadata: { name: 'istio', namespace: 'istio-system' },
  data: {
    mesh: 'trustDomain: mesh.example\ntrustDomainAliases: [old.example]\npathNormalization: { normalization: MERGE_SLASHES }',
  },
}

const decide = (settings: Parameters<typeof winningFlagsOf>[0]): readonly unknown[] => {
  const meshed = meshedOptionsOf(base, configMap, winningFlagsOf(settings))
  assert.ok(meshed.ok)
  const { trustDomain, trustDomainAliases = [], pathNormalization } = meshed.options
  return [trustDomain, ...trustDomainAliases, pathNormalization]
}

test('what waypoints are started with wins over the MeshConfig, as it does in them', () => {
  assert.deepEqual(decide({ trustDomain: undefined, flags: [] }), ['mesh.example', 'old.example', 'MERGE_SLASHES'])
  assert.deepEqual(decide({ trustDomain: 'flag.example', flags: [] }), ['flag.example', 'MERGE_SLASHES'])
  const flags = ['--access-log=json', '--path-normalization=NONE']
  assert.deepEqual(decide({ trustDomain: undefined, flags }), ['mesh.example', 'old.example', 'NONE'])
})
