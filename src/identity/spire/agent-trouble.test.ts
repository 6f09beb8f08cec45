import assert from 'node:assert/strict'
import { test } from 'node:test'
import { status as Code } from '@grpc/grpc-js'
import { svidOf } from '../../../test/support/mesh/spiffe-agent.ts'
import { HOUR_MS, identity, responseOf, startSpire, until } from '../../../test/support/mesh/spire-source.ts'

test('an agent that is not there is waited for, with growing pauses', async (t) => {
  const { issue, tally, agent, open, clock, lines } = await startSpire(t)
  const opening = open()
  const pauses: number[] = []
  for (let failures = 1; failures <= 8; failures++) {
    await until(() => tally.status().failures === failures)
    const pauseMs = (tally.status().nextRenewalMs ?? 0) - clock.nowMs()
    pauses.push(pauseMs / 1000)
    if (failures < 8) clock.advance(pauseMs)
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60])
  assert.match(tally.status().lastFailure?.message ?? '', /UNAVAILABLE.*ENOENT/)
  assert.match(lines.at(-1) ?? '', /"warn".*no identity from the SPIFFE Workload API at .*ENOENT.*"retryInSeconds":60/)
  const spire = await agent()
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  clock.advance(60_000)
  assert.deepEqual((await opening).current(), set)
  assert.equal(tally.status().waitingFor, undefined)
  // What was before that is forgotten.
  await spire.close()
  await until(() => tally.status().failures === 9)
  assert.equal((tally.status().nextRenewalMs ?? 0) - clock.nowMs(), 1000)
})

test('pauses are no longer than a quarter of what is left of the certificate, and no shorter than a second', async (t) => {
  const { ca, agent, open, clock } = await startSpire(t)
  const spire = await agent()
  spire.send(responseOf(svidOf(await ca.issue(identity, { ttlMs: 20_000 }))))
  const source = await open()
  await spire.close()
  const pauses: number[] = []
  for (let failures = 1; failures <= 14; failures++) {
    await until(() => source.status().failures === failures)
    const pauseMs = (source.status().nextRenewalMs ?? 0) - clock.nowMs()
    pauses.push(pauseMs)
    clock.advance(pauseMs)
  }
  // 20 s, 19, 17 and 13 are left; and nothing after those.
  assert.deepEqual(pauses.slice(0, 4), [1000, 2000, 4000, 3250])
  assert.deepEqual(pauses.slice(-1), [60_000])
  assert.ok(pauses.every((pauseMs) => pauseMs >= 1000))
})

test('what takes the place of the agent and is none is asked once a minute', async (t) => {
  const { issue, agent, open, clock } = await startSpire(t)
  const spire = await agent()
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  const source = await open()
  await spire.close()
  await until(() => source.status().failures === 1)
  await agent('SomethingElse')
  clock.advance(1000)
  await until(() => source.status().failures === 2)
  assert.match(source.status().lastFailure?.message ?? '', /^UNIMPLEMENTED: /)
  assert.equal((source.status().nextRenewalMs ?? 0) - clock.nowMs(), 60_000)
  assert.deepEqual(source.current(), set)
})

test('an agent that knows no identity for us is asked again, and what would help is said', async (t) => {
  const { issue, tally, agent, open, clock } = await startSpire(t)
  const spire = await agent()
  spire.refuse({ code: Code.PERMISSION_DENIED, details: 'no identity issued' })
  const opening = open()
  await until(() => tally.status().failures === 1)
  assert.match(
    tally.status().lastFailure?.message ?? '',
    /knows none for this process \(no identity issued\): is there a registration entry for spiffe:\/\/mesh\.example\/ns/,
  )
  const set = await issue()
  spire.refuse(undefined)
  spire.send(responseOf(svidOf(set)))
  clock.advance(1000)
  assert.deepEqual((await opening).current(), set)
})

test('what is no Workload API ends the start', async (t) => {
  const { agent, open } = await startSpire(t)
  await agent('SomethingElse')
  await assert.rejects(open(), (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error)
    assert.equal(error.code, 'ESPIRE')
    assert.match(error.message, /api\.sock is none \(UNIMPLEMENTED: .*\): is it the socket of a SPIRE agent/)
    return true
  })
})

test('whoever is told to end stops waiting', async (t) => {
  const { agent, open, stop, clock } = await startSpire(t)
  await agent()
  const opening = open()
  stop.abort(new Error('told to end'))
  await assert.rejects(opening, /told to end/)
  assert.equal(clock.pending(), 0)
})

test('whoever is told to end before the beginning asks nobody', async (t) => {
  const { agent, open, stop, clock } = await startSpire(t)
  const spire = await agent()
  stop.abort(new Error('told to end'))
  await assert.rejects(open(), /told to end/)
  assert.equal(clock.pending(), 0)
  assert.equal(spire.calls(), 0)
})

test('a source that is closed leaves the agent', async (t) => {
  const { issue, agent, open, clock } = await startSpire(t)
  const spire = await agent()
  spire.send(responseOf(svidOf(await issue())))
  const source = await open()
  assert.equal(spire.listeners(), 1)
  source.close()
  await until(() => spire.listeners() === 0)
  assert.equal(clock.pending(), 0)
})

test('an agent that does not answer is left and asked again', async (t) => {
  const { issue, tally, agent, open, clock } = await startSpire(t)
  const spire = await agent()
  const opening = open()
  await until(() => spire.calls() === 1)
  clock.advance(10_000)
  assert.match(tally.status().lastFailure?.message ?? '', /no answer within 10 s/)
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  clock.advance(1000)
  assert.deepEqual((await opening).current(), set)
})

test('an agent that dies leaves the set in force, and its successor is followed', async (t) => {
  const { issue, agent, open, clock } = await startSpire(t)
  const spire = await agent()
  const first = await issue()
  spire.send(responseOf(svidOf(first)))
  const source = await open()
  await spire.close()
  await until(() => source.status().failures === 1)
  assert.deepEqual(source.current(), first)
  const successor = await agent()
  const next = await issue()
  successor.send(responseOf(svidOf(next)))
  clock.advance(1000)
  await until(() => source.status().rotations === 1)
  assert.deepEqual(source.current(), next)
  assert.equal(source.status().nextRenewalMs, undefined)
})

test('a stream that is ended in good order is opened again at once', async (t) => {
  const { issue, agent, open, clock } = await startSpire(t)
  const spire = await agent()
  spire.send(responseOf(svidOf(await issue())))
  const source = await open()
  clock.advance(5000)
  const next = await issue()
  spire.end()
  spire.send(responseOf(svidOf(next)))
  await until(() => source.status().rotations === 1)
  assert.deepEqual(source.current(), next)
  assert.equal(source.status().failures, 0)
  // One that ends them at once is not asked in a loop.
  spire.end()
  await until(() => source.status().failures === 1)
  assert.match(source.status().lastFailure?.message ?? '', /ended too soon/)
})

test('a stream that is ended without a message is a failure, however long it was open', async (t) => {
  const { tally, agent, open, clock, stop } = await startSpire(t)
  const spire = await agent()
  const opening = open()
  await until(() => spire.listeners() === 1)
  clock.advance(5000)
  spire.end()
  await until(() => tally.status().failures === 1)
  stop.abort(new Error('told to end'))
  await assert.rejects(opening, /told to end/)
})

test('an identity that is taken back stays in force while it is valid', async (t) => {
  const { issue, agent, open, lines } = await startSpire(t)
  const spire = await agent()
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  const source = await open()
  spire.end({ code: Code.PERMISSION_DENIED, details: 'no identity issued' })
  await until(() => source.status().failures === 1)
  assert.deepEqual(source.current(), set)
  assert.match(lines.at(-1) ?? '', /no identity issued.*"inForceUntil":"2025-01-15T01:00:00\.000Z"/)
})

test('an agent that falls silent is asked again before the certificate runs out', async (t) => {
  const { issue, agent, open, clock } = await startSpire(t)
  const spire = await agent()
  spire.send(responseOf(svidOf(await issue())))
  const source = await open()
  spire.send(undefined)
  clock.advance((HOUR_MS * 2) / 3 - 1)
  assert.equal(spire.calls(), 1)
  clock.advance(1)
  await until(() => spire.calls() === 2 && spire.listeners() === 1)
  const next = await issue()
  spire.send(responseOf(svidOf(next)))
  await until(() => source.status().rotations === 1)
  assert.deepEqual(source.current(), next)
})
