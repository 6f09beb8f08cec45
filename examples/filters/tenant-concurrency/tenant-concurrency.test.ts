import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composeChain, createExchange, createFakeEnv, runChain } from 'fairway/filter/testing'
import tenantConcurrency from './tenant-concurrency.ts'

/** A filter, and requests that stay under way until the test lets them go. */
const start = (config: { readonly header?: string; readonly limits?: Readonly<Record<string, number>> }) => {
  const env = createFakeEnv()
  const filter = tenantConcurrency.create({ limit: 2, limits: {}, ...config }, env)
  const chain = (gate: Promise<void>) =>
    composeChain([
      { stage: tenantConcurrency.stage, filter },
      { stage: 'select', filter: { onRequest: () => gate } },
    ])
  const send = (tenant: string | undefined) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const exchange = createExchange({
      source: { namespace: tenant },
      headers: tenant === undefined ? [] : [['x-tenant', tenant]],
    })
    const status = runChain(chain(promise), exchange).then(({ response }) => response.status)
    return { status, end: resolve }
  }
  /** The status of a request that nothing holds up. */
  const statusOf = (tenant: string | undefined): Promise<number> => {
    const { status, end } = send(tenant)
    end()
    return status
  }
  return { env, send, statusOf }
}

for (const config of [{}, { header: 'x-tenant' }]) {
  test(`the third at once is refused, by ${config.header ?? 'namespace'}; others go on`, async () => {
    const { env, send, statusOf } = start(config)
    const first = send('acme')
    send('acme')
    assert.equal(await statusOf('acme'), 429)
    assert.equal(await statusOf('globex'), 200)
    assert.equal(env.counted('tenant_refused_total', { tenant: 'acme' }), 1)
    first.end()
    assert.equal(await first.status, 200)
    assert.equal(await statusOf('acme'), 200)
  })
}

test('a refusal takes no room, and gives none back', async () => {
  const { send, statusOf } = start({})
  send('acme')
  send('acme')
  for (let i = 0; i < 5; i++) assert.equal(await statusOf('acme'), 429)
})

test('a tenant may have a limit of its own; nobody in particular is one tenant', async () => {
  const { send, statusOf } = start({ limits: { small: 1 } })
  send('small')
  assert.equal(await statusOf('small'), 429)
  send(undefined)
  send(undefined)
  assert.equal(await statusOf(undefined), 429)
})
