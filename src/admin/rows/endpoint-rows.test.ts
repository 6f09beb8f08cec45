import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointsOf } from '../../../test/support/models.ts'
import { healthKeyOf } from '../../proxy/balance/health/endpoint-health.ts'
import type { EndpointReading } from '../../proxy/balance/health/endpoint-reading.ts'
import { endpointRows } from './endpoint-rows.ts'

test('endpoints are shown by Service port, as the worst of the processes has them', () => {
  const api = endpointsOf('api', ['10.1.0.1', '10.1.0.2'])
  const other = {
    ...endpointsOf('other', ['10.1.0.3']),
    aside: [{ address: '10.1.0.4', port: 8080, reason: 'not-ready' as const }],
  }
  const [first] = api.endpoints
  assert.ok(first)
  const healthy: EndpointReading = {
    key: healthKeyOf(first),
    state: 'healthy',
    sinceMs: 0,
    reason: undefined,
    active: 3,
    share: 1,
    ejectedUntilMs: 0,
    ejections: 0,
    localOriginFailures: 1,
    gatewayErrors: 0,
    serverErrors: 0,
  }
  const day = Date.UTC(2025, 0, 15)
  const ejected = {
    ...healthy,
    state: 'ejected',
    active: 1,
    reason: 'ejected: refused',
    sinceMs: day,
    ejectedUntilMs: day + 1000,
    ejections: 2,
  } as const
  const show = (service?: string): { readonly [name: string]: unknown }[] =>
    JSON.parse(JSON.stringify([...endpointRows([api, other], [[healthy], [ejected], []], service)]))
  const shown = show()
  const about = (address: string, service = 'shop/api:80') => ({ service, address, port: 8080 })
  const well = { state: 'healthy', active: 0, share: 1 }
  assert.deepEqual(shown, [
    {
      ...about('10.1.0.1'),
      uid: '10.1.0.1',
      state: 'ejected',
      since: '2025-01-15T00:00:00.000Z',
      reason: 'ejected: refused',
      active: 4,
      share: 1,
      ejectedUntil: '2025-01-15T00:00:01.000Z',
      out: 1,
      ejections: 2,
      inARow: { localOriginFailures: 1, gatewayErrors: 0, serverErrors: 0 },
    },
    { ...about('10.1.0.2'), uid: '10.1.0.2', ...well },
    { ...about('10.1.0.3', 'shop/other:80'), uid: '10.1.0.3', ...well },
    { ...about('10.1.0.4', 'shop/other:80'), state: 'not-ready' },
  ])
  assert.deepEqual(show('shop/other'), shown.slice(2))
  assert.deepEqual(show('shop/oth'), [])
})
