import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../lib/clock.ts'
import { showCredentials } from './show-credentials.ts'

test('trust domains are shown as they are now, also before there is a certificate', () => {
  let trustDomains = ['cluster.local']
  const opening = {
    ready: new Promise<never>(() => {}),
    status: () => ({ kind: 'files', rotations: 0, failures: 0 }) as const,
  }
  const shown = showCredentials(
    { ca: { kind: 'files', dir: '/certs' }, trustDomains: () => trustDomains },
    opening,
    systemClock,
  )
  assert.deepEqual(shown.document().trustDomains, ['cluster.local'])
  trustDomains = ['cluster.local', 'old']
  assert.deepEqual(shown.document().trustDomains, ['cluster.local', 'old'])
})
