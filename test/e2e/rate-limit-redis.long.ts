/** Limits in a real Redis: four processes that share one, and a Redis that stands still, is slow, or is full. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import { createExchange } from 'fairway/filter/testing'
import rateLimit from '../../filters/rate-limit/rate-limit.ts'
import type { Filter } from '../../src/filter/index.ts'
import { skipWithout } from '../support/peer-process.ts'
import { createRealEnv } from '../support/rate-limit/real-env.ts'
import { startRedis } from '../support/rate-limit/redis-server.ts'

const make = (port: number, requests: number, failureMode: string, origin: string): Filter => {
  const enforcement = { type: 'Redis', servers: [`127.0.0.1:${port}`], failureMode }
  const decoded = rateLimit.config.decode(
    { limits: [{ name: 'l', rate: { requests, per: '1s' }, burst: requests }], enforcement },
    '',
  )
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return rateLimit.create(decoded.value, createRealEnv(origin))
}

interface Tally {
  passed: number
  refused: number
  failed: number
  readonly waitsMs: number[]
}

/** Asks so many times in a second for a time. */
const load = async (
  filter: Filter,
  { perSecond, forMs }: { readonly perSecond: number; readonly forMs: number },
): Promise<Tally> => {
  const tally: Tally = { passed: 0, refused: 0, failed: 0, waitsMs: [] }
  const asked: Promise<void>[] = []
  const ask = async (): Promise<void> => {
    const startMs = performance.now()
    const reply = await filter.onRequest?.(createExchange())
    tally.waitsMs.push(performance.now() - startMs)
    if (reply === undefined) tally.passed++
    else if (reply.status === 429) tally.refused++
    else tally.failed++
  }
  const startMs = performance.now()
  for (let nowMs = startMs; nowMs < startMs + forMs; nowMs = performance.now()) {
    while (asked.length < ((nowMs - startMs) * perSecond) / 1000) asked.push(ask())
    await delay(1)
  }
  await Promise.all(asked)
  tally.waitsMs.sort((a, b) => a - b)
  return tally
}

/** Figures that a person may want to see. */
const tell = (t: TestContext, ...figures: readonly unknown[]): void =>
  t.diagnostic(figures.map((one) => inspect(one, { breakLength: Infinity })).join(' '))

const quantile = ({ waitsMs }: Tally, share: number): number => waitsMs[Math.floor(waitsMs.length * share)] ?? 0

const untilAnswered = async (filter: Filter): Promise<number> => {
  const startMs = performance.now()
  for (;;) {
    const reply = await filter.onRequest?.(createExchange())
    if (reply === undefined || reply.status === 429) return performance.now() - startMs
    await delay(20)
  }
}

const child = process.env['RATE_LIMIT_LOAD']
if (child !== undefined) {
  const filter = make(Number(child), 1000, 'Closed', 'shared')
  await untilAnswered(filter)
  process.send?.('ready')
  await once(process, 'message')
  const tally = await load(filter, { perSecond: 500, forMs: 5000 })
  process.send?.({ ...tally, waitsMs: [] })
  filter.close?.()
  if (process.connected) process.disconnect?.()
} else {
  describe('limits in Redis', { skip: skipWithout('redis-server') }, () => {
    it('four processes together are within two percent over 10,000 requests', async (t) => {
      using redis = await startRedis()
      const children = Array.from({ length: 4 }, () =>
        fork(import.meta.filename, {
          env: { ...process.env, RATE_LIMIT_LOAD: String(redis.port), NODE_TEST_CONTEXT: '' },
        }),
      )
      await Promise.all(children.map((one) => once(one, 'message')))
      const startMs = performance.now()
      const results = children.map((one) => once(one, 'message'))
      for (const one of children) one.send('go')
      const tallies = (await Promise.all(results)).map(([tally]) => tally as Tally)
      const seconds = (performance.now() - startMs) / 1000
      const sum = (name: 'passed' | 'refused' | 'failed'): number =>
        tallies.reduce((all, tally) => all + tally[name], 0)
      tell(t, { passed: sum('passed'), refused: sum('refused'), failed: sum('failed'), seconds })
      // What was there at first, and what has come since: at the end nothing is left.
      const expected = 1000 + 1000 * seconds
      assert.ok(Math.abs(sum('passed') - expected) <= expected * 0.02, `${sum('passed')} of ${expected}`)
      assert.ok(sum('failed') <= 100, `${sum('failed')} were not decided in time`)
    })

    it('5,000 decisions a second: what they wait', async (t) => {
      using redis = await startRedis()
      const filter = make(redis.port, 1_000_000, 'Closed', 'fast')
      t.after(() => filter.close?.())
      await untilAnswered(filter)
      const tally = await load(filter, { perSecond: 5000, forMs: 5000 })
      tell(t, {
        asked: tally.waitsMs.length,
        p50: quantile(tally, 0.5),
        p99: quantile(tally, 0.99),
        failed: tally.failed,
      })
      assert.ok(tally.failed < tally.waitsMs.length / 100)
    })

    for (const mode of ['Open', 'Closed', 'Local']) {
      it(`stopped for five seconds: ${mode} holds, and it recovers`, async (t) => {
        using redis = await startRedis()
        const filter = make(redis.port, 100, mode, mode)
        t.after(() => filter.close?.())
        await delay(500)
        await untilAnswered(filter)
        redis.kill('SIGSTOP')
        const tally = await load(filter, { perSecond: 500, forMs: 5000 })
        redis.kill('SIGCONT')
        tell(t, mode, {
          ...tally,
          waitsMs: undefined,
          p50: quantile(tally, 0.5),
          p99: quantile(tally, 0.99),
          max: quantile(tally, 0.9999),
        })
        if (mode === 'Open') assert.equal(tally.refused + tally.failed, 0)
        if (mode === 'Closed') assert.equal(tally.passed + tally.refused, 0)
        if (mode === 'Local') assert.ok(Math.abs(tally.passed - 600) < 50, `${tally.passed} of 600`)
        assert.ok(quantile(tally, 0.99) < 100, 'nobody waits for long')
        await delay(2500)
        const after = await load(filter, { perSecond: 500, forMs: 2000 })
        tell(t, 'after', { ...after, waitsMs: undefined })
        assert.ok(Math.abs(after.passed - 250) < 60 && after.failed === 0, `${after.passed} of 200 to 300`)
      })
    }

    it('slow: the failure mode holds, and it recovers', async (t) => {
      using redis = await startRedis()
      let lateMs = 0
      const sockets: Socket[] = []
      const proxy = createServer((socket) => {
        const upstream = connect(redis.port, '127.0.0.1')
        sockets.push(socket, upstream)
        for (const one of [socket, upstream]) one.on('error', () => one.destroy())
        socket.on('data', (chunk) => upstream.write(chunk))
        upstream.on('data', (chunk) => void setTimeout(() => socket.write(chunk), lateMs))
      })
      proxy.listen(0, '127.0.0.1')
      await once(proxy, 'listening')
      const filter = make((proxy.address() as AddressInfo).port, 100, 'Closed', 'slow')
      await delay(500)
      await untilAnswered(filter)
      lateMs = 200
      const tally = await load(filter, { perSecond: 500, forMs: 3000 })
      lateMs = 0
      tell(t, 'slow', { ...tally, waitsMs: undefined, p99: quantile(tally, 0.99) })
      assert.ok(tally.failed > tally.waitsMs.length * 0.98)
      const recoveredMs = await untilAnswered(filter)
      tell(t, { recoveredMs })
      assert.ok(recoveredMs < 3000)
      filter.close?.()
      for (const socket of sockets) socket.destroy()
      proxy.close()
    })
  })
}
