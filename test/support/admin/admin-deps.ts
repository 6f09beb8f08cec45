import assert from 'node:assert/strict'
import type { AdminDeps, ConfigInForce } from '../../../src/admin/admin-deps.ts'

/** Before the first configuration. */
export const emptyConfig: ConfigInForce = { generation: 0, model: undefined, conditions: [], issues: [] }

/** Everything that the admin room may ask, of a waypoint that has nothing yet. */
export const unusedDeps: AdminDeps = {
  notReady: () => undefined,
  dumps: async () => [],
  endpoints: async () => [],
  limits: async () => [],
  comparisons: async () => [],
  filters: async () => [],
  command: async () => [],
  config: async () => emptyConfig,
  certs: () => ({
    trustDomains: ['cluster.local'],
    source: { kind: 'istiod', rotations: 0, failures: 2, waitingFor: 'a certificate' },
    chain: [],
    trustRoots: [],
    revocationLists: [],
    troubles: ['there is no certificate yet'],
  }),
  statuses: async () => ({ generation: 0, items: [] }),
  explain: () => assert.fail('not asked'),
  logLevel: () => 'info',
  setLogLevel: () => {},
  drain: () => {},
}
