import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDriver } from './driver.ts'
import type { Driver } from './driver.ts'
import type { Lane } from './lane.ts'
import type { LoadPlan } from './plan.ts'

const plan: LoadPlan = {
  mode: 'hbone',
  host: '127.0.0.1',
  port: 1,
  connections: 1,
  tunnels: 2,
  authority: '10.0.0.1:80',
  request: 'GET / HTTP/1.1\r\n\r\n',
  bodyBytes: 5,
  warmupMs: 0,
  windowMs: 0,
  tls: { certFile: '', keyFile: '', caFile: '' },
}

/** A driver with its two lanes open, and how often each has sent. */
const openDriver = (): { driver: Driver; lanes: readonly Lane[]; sent: number[] } => {
  const driver = createDriver(plan)
  const sent = [0, 0]
  const lanes = sent.map((_, i): Lane => ({ dueAt: 0, send: () => void (sent[i] = (sent[i] ?? 0) + 1) }))
  for (const lane of lanes) driver.onOpen(lane)
  return { driver, lanes, sent }
}

const laneAt = (lanes: readonly Lane[], index: number): Lane => {
  const lane = lanes[index]
  assert.ok(lane)
  return lane
}

test('each lane has one request in flight, and sends the next when it is answered', async () => {
  const { driver, lanes, sent } = openDriver()
  await driver.opened
  assert.deepEqual(sent, [0, 0])
  driver.start()
  assert.deepEqual(sent, [1, 1])
  driver.onAnswer(laneAt(lanes, 1), 200, 5)
  assert.deepEqual(sent, [1, 2])
  const { requests, errors } = driver.counts()
  assert.deepEqual({ requests, errors }, { requests: 1, errors: 0 })
})

test('another status, a short body and a lost lane are errors, and the first one is named', () => {
  const { driver, lanes } = openDriver()
  driver.start()
  driver.onAnswer(laneAt(lanes, 0), 503, 5)
  driver.onAnswer(laneAt(lanes, 0), 200, 4)
  driver.onLost('gone')
  const { errors, firstError } = driver.counts()
  assert.deepEqual({ errors, firstError }, { errors: 3, firstError: 'status 503 with 5 bytes' })
})

test('what was before the window does not count', () => {
  const { driver, lanes } = openDriver()
  driver.start()
  driver.onAnswer(laneAt(lanes, 0), 503, 5)
  driver.resetCounts()
  const { requests, errors, firstError } = driver.counts()
  assert.deepEqual({ requests, errors, firstError }, { requests: 0, errors: 0, firstError: undefined })
})

test('a lane that was lost before the window is missing in it', () => {
  const { driver } = openDriver()
  driver.start()
  driver.onLost('gone')
  driver.resetCounts()
  const { errors, firstError } = driver.counts()
  assert.deepEqual({ errors, firstError }, { errors: 1, firstError: 'gone' })
})

test('bytes of long bodies count from the start of the window', () => {
  const { driver } = openDriver()
  driver.start()
  driver.onBytes(10)
  driver.resetCounts()
  driver.onBytes(3)
  driver.onBytes(4)
  assert.equal(driver.counts().bytes, 7)
})

test('requests on one HTTP/2 connection are a lane each', async () => {
  const work = { kind: 'h2', streams: 2, fields: [], messageBytes: undefined } as const
  const driver = createDriver({ ...plan, tunnels: 1, work })
  const lane: Lane = { dueAt: 0, send: () => {} }
  driver.onOpen(lane)
  assert.equal(await Promise.race([driver.opened.then(() => 'open'), Promise.resolve('not yet')]), 'not yet')
  driver.onOpen(lane)
  await driver.opened
})

test('after the end nothing is sent or counted any more', () => {
  const { driver, lanes, sent } = openDriver()
  driver.start()
  driver.stop()
  driver.onAnswer(laneAt(lanes, 0), 200, 5)
  driver.onLost('closed by ourselves')
  assert.deepEqual(sent, [1, 1])
  const { requests, errors } = driver.counts()
  assert.deepEqual({ requests, errors }, { requests: 0, errors: 0 })
})

test('a lane that cannot be opened fails the run with its reason', async () => {
  const driver = createDriver(plan)
  driver.onLost('CONNECT was answered 404')
  await assert.rejects(driver.opened, /answered 404/)
})

test('a pause is over when all are answered, of which none is followed by another; then it goes on', async () => {
  const { driver, lanes, sent } = openDriver()
  driver.start()
  let isOver = false
  const paused = driver.pause().then(() => (isOver = true))
  driver.onAnswer(laneAt(lanes, 0), 200, 5)
  await Promise.resolve()
  assert.equal(isOver, false)
  driver.onAnswer(laneAt(lanes, 1), 200, 5)
  await paused
  assert.deepEqual({ sent, requests: driver.counts().requests }, { sent: [1, 1], requests: 2 })
  await driver.pause()
  driver.start()
  assert.deepEqual(sent, [2, 2])
})

test('a pause does not wait for a lane that is gone', async () => {
  const { driver } = openDriver()
  driver.start()
  const paused = driver.pause()
  driver.onLost('gone')
  await paused
  await driver.pause()
  assert.equal(driver.counts().firstError, 'gone')
})
