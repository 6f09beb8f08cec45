import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { createLogger } from '../../lib/log.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { CredentialTally } from '../credential-tally.ts'
import type { Credentials } from '../credentials.ts'
import { Renewal, type Obtained } from './renewal.ts'

const identity = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'waypoint' })
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

interface Options {
  readonly ttlMs?: number
  readonly random?: () => number
  /** From the beginning. */
  readonly isDown?: boolean
}

/** A CA that answers as it is told, and a clock that moves only by `pass`, or is set while timers stand still. */
const start = (t: TestContext, { ttlMs = HOUR_MS, random = () => 0.5, isDown = false }: Options = {}) => {
  const timers = createFakeClock()
  let setMs = 0
  const clock = { ...timers, nowMs: () => timers.nowMs() + setMs }
  const setClock = (byMs: number): void => void (setMs += byMs)
  const askedMs: number[] = []
  const lines: string[] = []
  const ca = { isDown, ttlMs, serial: 0 }
  const began = clock.nowMs()
  const obtain = async (): Promise<Obtained> => {
    askedMs.push(clock.nowMs() - began)
    if (ca.isDown) return { ok: false, message: 'UNAVAILABLE: nobody there' }
    const nowMs = clock.nowMs()
    const credentials: Credentials = {
      identity,
      certificateChainPem: `certificate ${ca.serial++}`,
      privateKeyPem: '',
      trustRootsPem: '',
      notBeforeMs: nowMs - 120_000,
      notAfterMs: nowMs + ca.ttlMs,
    }
    return { ok: true, credentials }
  }
  const stop = new AbortController()
  const tally = new CredentialTally('istiod')
  const log = createLogger({ level: 'info', clock, write: (line) => void lines.push(line) })
  const parts = { clock, log, random, tally, signal: stop.signal }
  const renewal = new Renewal({ ...parts, from: 'istiod at x:1', obtain })
  t.after(renewal.close)
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  /** Lets time pass in steps between which answers arrive. */
  const pass = async (ms: number, stepMs = ms): Promise<void> => {
    for (let at = 0; at < ms; at += stepMs) {
      clock.advance(Math.min(stepMs, ms - at))
      await settle()
    }
  }
  return { clock, setClock, ca, askedMs, lines, stop, renewal, pass, settle, tally }
}

test('a certificate is renewed at half of what is left, again and again', async (t) => {
  const { renewal, askedMs, pass } = start(t)
  await renewal.ready
  assert.equal(renewal.status().waitingFor, undefined)
  await pass(3 * HOUR_MS, 60_000)
  assert.deepEqual(askedMs.slice(0, 4), [0, HOUR_MS / 2, HOUR_MS, 1.5 * HOUR_MS])
  assert.equal(renewal.status().rotations, askedMs.length - 1)
})

test('half of a life is by the dates of the certificate: a CA that gives less is asked sooner', async (t) => {
  const { renewal, ca, askedMs, pass } = start(t)
  await renewal.ready
  ca.ttlMs = 20_000
  await pass(HOUR_MS / 2 + 25_000, 1000)
  assert.deepEqual(askedMs.slice(1), [HOUR_MS / 2, HOUR_MS / 2 + 10_000, HOUR_MS / 2 + 20_000])
})

for (const [chance, ratio] of [
  [0, 0.45],
  [1, 0.55],
] as const) {
  test(`with chance at ${chance} it is renewed at ${ratio} of its life`, async (t) => {
    const { renewal, clock } = start(t, { random: () => chance })
    await renewal.ready
    assert.equal(renewal.status().nextRenewalMs, clock.nowMs() + ratio * HOUR_MS)
  })
}

test('a life of ninety days, longer than a timer can wait, is not renewed at once', async (t) => {
  const { renewal, askedMs, pass } = start(t, { ttlMs: 90 * DAY_MS })
  await renewal.ready
  await pass(44 * DAY_MS, HOUR_MS)
  assert.equal(askedMs.length, 1)
  await pass(DAY_MS, HOUR_MS)
  assert.equal(askedMs.length, 2)
})

test('a machine that slept for longer than the certificate lasts asks within a minute', async (t) => {
  const { renewal, clock, setClock, pass } = start(t)
  await renewal.ready
  setClock(2 * HOUR_MS)
  assert.ok(renewal.current().notAfterMs < clock.nowMs())
  await pass(60_000, 1000)
  assert.ok(renewal.current().notAfterMs > clock.nowMs())
})

test('a clock that is set back does not lead to a renewal that is too late', async (t) => {
  const { renewal, clock, setClock, pass } = start(t)
  await renewal.ready
  setClock(-2 * HOUR_MS)
  await pass(2.75 * HOUR_MS, 60_000)
  assert.ok(renewal.current().notAfterMs > clock.nowMs())
  assert.equal(renewal.status().rotations, 1)
})

test('a CA that gives a second is not asked more than once a second', async (t) => {
  const { renewal, askedMs, pass } = start(t, { ttlMs: 1000 })
  await renewal.ready
  await pass(10_000, 100)
  assert.equal(askedMs.length, 11)
})

test('a CA that is down is asked with growing pauses up to a minute, and the certificate serves on', async (t) => {
  const { renewal, ca, askedMs, pass, lines } = start(t)
  await renewal.ready
  const first = renewal.current()
  ca.isDown = true
  await pass(HOUR_MS / 2 + 10 * 60_000, 50)
  assert.equal(renewal.current(), first)
  const pauses = askedMs.slice(1).map((atMs, index, all) => (all[index + 1] ?? atMs) - atMs)
  // Chance is at a half, which takes off a quarter.
  assert.deepEqual(
    pauses.slice(0, 8),
    [750, 1500, 3000, 6000, 12_000, 24_000, 45_000, 45_000].map((ms) => Math.max(ms, 1000)),
  )
  const status = renewal.status()
  assert.equal(status.failures, askedMs.length - 1)
  assert.equal(status.lastFailure?.message, 'UNAVAILABLE: nobody there')
  const [, line = ''] = lines
  assert.match(line, /no certificate from istiod at x:1: UNAVAILABLE: nobody there/)
  assert.match(line, /"retryAt":"2025-01-15T00:30:01\.000Z","inForceUntil":"2025-01-15T01:00:00\.000Z"/)
})

test('down for ten half-lives: asked on and on, never later than a quarter of what is left, and it recovers', async (t) => {
  const { renewal, ca, askedMs, pass, clock } = start(t, { ttlMs: 20_000 })
  await renewal.ready
  const { notAfterMs } = renewal.current()
  ca.isDown = true
  await pass(100_000, 100)
  const beganMs = notAfterMs - 20_000
  for (const [index, atMs] of askedMs.entries()) {
    const nextMs = askedMs[index + 1]
    const leftMs = notAfterMs - (beganMs + atMs)
    if (index > 0 && nextMs !== undefined && leftMs > 0) {
      assert.ok(
        nextMs - atMs <= Math.max(leftMs / 4, 1000) + 100,
        `${atMs}: ${nextMs - atMs} ms with ${leftMs} ms left`,
      )
    }
  }
  assert.ok(clock.nowMs() > renewal.current().notAfterMs)
  ca.isDown = false
  await pass(60_000, 100)
  assert.ok(clock.nowMs() < renewal.current().notAfterMs)
  assert.equal(renewal.status().lastFailure?.message, 'UNAVAILABLE: nobody there')
})

test('after it recovered, the pauses of the next outage begin short again', async (t) => {
  const { renewal, ca, askedMs, pass } = start(t)
  await renewal.ready
  ca.isDown = true
  await pass(HOUR_MS / 2 + 60_000, 50)
  ca.isDown = false
  await pass(HOUR_MS / 4, 50)
  assert.equal(renewal.status().rotations, 1)
  ca.isDown = true
  const before = askedMs.length
  await pass(HOUR_MS / 2, 50)
  const [first = 0, second = 0, third = 0] = askedMs.slice(before)
  assert.deepEqual([second - first, third - second], [1000, 1500])
})

test('the first certificate is waited for, for as long as it takes', async (t) => {
  const { renewal, ca, tally, pass, settle } = start(t, { isDown: true })
  await settle()
  await pass(10 * 60_000, 100)
  assert.equal(tally.status().waitingFor, 'a certificate from istiod at x:1')
  assert.equal(tally.status().lastFailure?.message, 'UNAVAILABLE: nobody there')
  ca.isDown = false
  await pass(60_000, 100)
  assert.equal((await renewal.ready).current().identity, identity)
  assert.equal(tally.status().waitingFor, undefined)
  assert.equal(tally.status().rotations, 0)
})

test('while nobody answers there is nothing in force, and it says what it waits for', async (t) => {
  const { renewal, tally, stop } = start(t, { ttlMs: HOUR_MS })
  assert.equal(tally.status().waitingFor, 'a certificate from istiod at x:1')
  assert.equal(renewal.inForce, undefined)
  assert.throws(() => renewal.current(), /there are no credentials yet/)
  stop.abort(new Error('told to end'))
  await assert.rejects(renewal.ready, /told to end/)
})

test('who closes it leaves no timer behind', async (t) => {
  const { renewal, clock } = start(t)
  await renewal.ready
  assert.equal(clock.pending(), 1)
  renewal.close()
  assert.equal(clock.pending(), 0)
  assert.equal(renewal.status().nextRenewalMs, undefined)
})

test('an answer that comes after the end changes nothing', async (t) => {
  const { renewal, clock, pass } = start(t)
  await renewal.ready
  const before = renewal.current()
  clock.advance(HOUR_MS / 2)
  renewal.close()
  await pass(HOUR_MS, 60_000)
  assert.equal(renewal.current(), before)
})

test('a renewal before its time comes within the time that it may be spread over', async (t) => {
  const { renewal, clock, askedMs, pass } = start(t)
  await renewal.ready
  renewal.renewWithin(30_000)
  assert.equal(renewal.status().nextRenewalMs, clock.nowMs() + 15_000)
  await pass(15_000)
  assert.deepEqual(askedMs, [0, 15_000])
  assert.equal(clock.pending(), 1)
})

test('a renewal that is wanted soon does not put off one that is due before', async (t) => {
  const { renewal, clock, pass } = start(t, { ttlMs: 20_000 })
  await renewal.ready
  await pass(5000)
  renewal.renewWithin(30_000)
  assert.equal(renewal.status().nextRenewalMs, clock.nowMs() + 5000)
})

test('a renewal before its time does not shorten the pauses of a CA that is down', async (t) => {
  const { renewal, ca, clock, pass } = start(t)
  await renewal.ready
  ca.isDown = true
  await pass(HOUR_MS / 2 + 60_000, 100)
  const { nextRenewalMs } = renewal.status()
  renewal.renewWithin(0)
  assert.equal(renewal.status().nextRenewalMs, nextRenewalMs)
  assert.equal(clock.pending(), 1)
})

test('one that is wanted while an answer is under way is asked for after it', async (t) => {
  const { renewal, clock, askedMs, pass, settle } = start(t)
  await renewal.ready
  clock.advance(HOUR_MS / 2)
  renewal.renewWithin(30_000)
  await settle()
  await pass(1000)
  assert.deepEqual(askedMs, [0, HOUR_MS / 2, HOUR_MS / 2 + 1000])
  assert.equal(renewal.status().nextRenewalMs, clock.nowMs() + HOUR_MS / 2)
})

test('subscribers are told of each one', async (t) => {
  const { renewal, pass } = start(t)
  await renewal.ready
  const told: string[] = []
  renewal.subscribe(({ certificateChainPem }) => told.push(certificateChainPem))
  await pass(HOUR_MS, 60_000)
  assert.deepEqual(told, ['certificate 1', 'certificate 2'])
})
