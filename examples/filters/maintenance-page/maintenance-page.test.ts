import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeEnv, runFilter } from 'fairway/filter/testing'
import maintenancePage from './maintenance-page.ts'

const until = '2026-11-30T06:00:00Z'
const untilMs = Date.parse(until)

test('a browser gets a page, and when to come back', async () => {
  const { response, responseBody } = await runFilter(
    maintenancePage,
    { until, title: 'Moving <house> & home' },
    { exchange: { headers: [['accept', 'text/html,*/*']] }, env: createFakeEnv({ nowMs: untilMs - 90_500 }) },
  )
  assert.equal(response.status, 503)
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
  assert.equal(response.headers.get('retry-after'), '91')
  assert.match(String(responseBody), /<h1>Moving &lt;house&gt; &amp; home<\/h1>/)
})

test('a program gets JSON', async () => {
  const { reply, responseBody } = await runFilter(
    maintenancePage,
    { title: 'Soon' },
    { env: createFakeEnv({ nowMs: 1 }) },
  )
  assert.deepEqual(JSON.parse(String(responseBody)), { error: 'maintenance', message: 'Soon' })
  assert.equal(reply?.reason, 'maintenance')
})

test('it ends by itself', async () => {
  const env = createFakeEnv({ nowMs: untilMs - 1 })
  assert.equal((await runFilter(maintenancePage, { until }, { env })).kind, 'replied')
  env.advance(1)
  assert.equal((await runFilter(maintenancePage, { until }, { env })).kind, 'forwarded')
})

test('those who do the work go on', async () => {
  const config = { letThrough: ['operations'] }
  const from = (namespace: string | undefined) =>
    runFilter(maintenancePage, config, { exchange: { source: { namespace } } })
  assert.equal((await from('operations')).kind, 'forwarded')
  assert.equal((await from('shop')).kind, 'replied')
  assert.equal((await from(undefined)).kind, 'replied')
})

test('a time that is none is refused', async () => {
  await assert.rejects(runFilter(maintenancePage, { until: 'tomorrow' }), /is no time/)
})
