/** Limits in a real Redis: four processes that share one, and a Redis that stands still, is slow, or is full. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Filter } from '../../../src/filter/index.ts'
import { skipWithout } from '../../support/peer-process.ts'
import { loadLimit, makeLimit, quantile, tell, untilDecided, type Tally } from '../../support/rate-limit/load.ts'
import { startRedis } from '../../support/rate-limit/redis-server.ts'

const make = (port: number, requests: number, failureMode: string, origin: string): Filter =>
  makeLimit(
    {
      limits: [{ name: 'l', rate: { requests, per: '1s' }, burst: requests }],
      enforcement: { type: 'Redis', servers: [`127.0.0.1:${port}`], failureMode },
    },
    origin,
  )

const child = process.env['RATE_LIMIT_LOAD']
if (child !== undefined) {
  const filter = make(Number(child), 1000, 'Closed', 'shared')
  await untilDecided(filter)
  process.send?.('ready')
  await once(process, 'message')
  const tally = await loadLimit(filter, { perSecond: 500, forMs: 5000 })
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
      await untilDecided(filter)
      // A machine that does other things as well stands still now and then: most seconds are without that.
      const seconds: Tally[] = []
      for (let i = 0; i < 7; i++) seconds.push(await loadLimit(filter, { perSecond: 5000, forMs: 1000 }))
      const [usual] = seconds.toSorted((a, b) => quantile(a, 0.99) - quantile(b, 0.99)).slice(3)
      assert.ok(usual !== undefined)
      tell(t, 'the median of seven seconds', usual)
      assert.ok(usual.failed < usual.waitsMs.length / 100)
    })

    for (const mode of ['Open', 'Closed', 'Local']) {
      it(`stopped for five seconds: ${mode} holds, and it recovers`, async (t) => {
        using redis = await startRedis()
        const filter = make(redis.port, 100, mode, mode)
        t.after(() => filter.close?.())
        await delay(500)
        await untilDecided(filter)
        redis.kill('SIGSTOP')
        const tally = await loadLimit(filter, { perSecond: 500, forMs: 5000 })
        redis.kill('SIGCONT')
        tell(t, mode, tally, { max: quantile(tally, 0.9999) })
        if (mode === 'Open') assert.equal(tally.refused + tally.failed, 0)
        if (mode === 'Closed') assert.equal(tally.passed + tally.refused, 0)
        if (mode === 'Local') assert.ok(Math.abs(tally.passed - 600) < 50, `${tally.passed} of 600`)
        assert.ok(quantile(tally, 0.99) < 100, 'nobody waits for long')
        await delay(2500)
        const after = await loadLimit(filter, { perSecond: 500, forMs: 2000 })
        tell(t, 'after', after)
        assert.ok(Math.abs(after.passed - 250) < 60 && after.failed === 0, `${after.passed} of 200 to 300`)
      })
    }

    it('full: what is let pass cannot be counted, the failure mode holds, and it recovers', async (t) => {
      using redis = await startRedis(['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'])
      const filter = make(redis.port, 100, 'Closed', 'full')
      t.after(() => filter.close?.())
      await delay(500)
      await untilDecided(filter)
      // A script that has begun is not stopped, whatever it takes.
      redis.cli('EVAL', "for i = 1, 100 do redis.call('SET', i, string.rep('x', 100000)) end", '0')
      assert.match(redis.cli('SET', 'one-more', 'x'), /OOM/)
      await delay(1000)
      const tally = await loadLimit(filter, { perSecond: 500, forMs: 3000 })
      tell(t, 'full', tally)
      assert.equal(tally.passed, 0)
      assert.ok(tally.failed > tally.waitsMs.length * 0.98)
      assert.ok(quantile(tally, 0.99) < 100, 'nobody waits for long')
      redis.cli('CONFIG', 'SET', 'maxmemory', '100mb')
      const recoveredMs = await untilDecided(filter)
      tell(t, { recoveredMs })
      assert.ok(recoveredMs < 3000)
    })

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
      await untilDecided(filter)
      lateMs = 200
      const tally = await loadLimit(filter, { perSecond: 500, forMs: 3000 })
      lateMs = 0
      tell(t, 'slow', tally)
      assert.ok(tally.failed > tally.waitsMs.length * 0.98)
      const recoveredMs = await untilDecided(filter)
      tell(t, { recoveredMs })
      assert.ok(recoveredMs < 3000)
      filter.close?.()
      for (const socket of sockets) socket.destroy()
      proxy.close()
    })
  })
}
