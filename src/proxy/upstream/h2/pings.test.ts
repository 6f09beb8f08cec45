/** PINGs to applications: servers of gRPC end connections on which there are too many. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../../test/support/fake-clock.ts'
import {
  createBlockWriter,
  dataFrame,
  formatFrame,
  headersFrame,
  parseFrames,
} from '../../../../test/support/http/h2-frames.ts'
import { until } from '../../../../test/support/mesh/mesh.ts'
import { serveTcp } from '../../../../test/support/tls/tls-app.ts'
import type { App } from '../../../../test/support/tls/tls-app.ts'
import { arrivals } from '../../../../test/support/turns.ts'
import { PlainPools } from '../../../../test/support/upstream/plain-pools.ts'
import { UpstreamExchange } from '../../../../test/support/upstream/upstream-exchange.ts'
import * as h2 from '../../../http/h2/constants.ts'

const MINUTE_MS = 60_000
/** What grpc-go, grpc-java and gRPC C-core have where nobody says otherwise. */
const MIN_TIME_MS = 5 * MINUTE_MS
const MAX_STRIKES = 2

let clock: FakeClock
let setting: PlainPools
let app: App<Socket>
/** When PINGs came, in seconds since the first request. */
let pings: number[]
let strikes = 0
let lastPingMs: number
let socket: Socket | undefined
/** Whether PINGs are answered. */
let isThere = true

beforeEach(async () => {
  clock = createFakeClock()
  setting = new PlainPools({ clock })
  pings = []
  strikes = 0
  isThere = true
  const startMs = (lastPingMs = clock.monotonicMs())
  app = await serveTcp({ address: '127.0.0.1' }, (accepted) => {
    socket = accepted
    accepted.setNoDelay()
    accepted.write(formatFrame(h2.FRAME_SETTINGS, 0, 0))
    let seen = Buffer.alloc(0)
    let frames = 0
    accepted.on('data', (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk])
      const all = parseFrames(seen)
      for (const { type } of all.slice(frames)) {
        if (type !== h2.FRAME_PING || !isThere) continue
        const nowMs = clock.monotonicMs()
        pings.push(Math.round((nowMs - startMs) / 1000))
        if (nowMs - lastPingMs < MIN_TIME_MS) strikes++
        lastPingMs = nowMs
        accepted.write(formatFrame(h2.FRAME_PING, h2.FLAG_ACK, 0, Buffer.alloc(8)))
      }
      frames = all.length
    })
  })
})
afterEach(async () => {
  setting[Symbol.dispose]()
  await app[Symbol.asyncDispose]()
  await until(() => setting.counters.openUpstreamConnections === 0)
  assert.deepEqual(setting.faults, [])
})

const pass = async (ms: number): Promise<void> => {
  for (let at = 0; at < ms; at += 1000) {
    clock.advance(1000)
    setting.pools.tick(clock.monotonicMs())
    await arrivals(3)
  }
}

/** The server says something, after which it counts anew. */
const say = async (frame: Buffer): Promise<void> => {
  strikes = 0
  socket?.write(frame)
  await arrivals(5)
}

test('a stream on which nothing is said for twenty minutes has no more PINGs than a server of gRPC bears', async () => {
  const exchange = await UpstreamExchange.send(setting.of(app.port))
  await say(headersFrame(h2.FLAG_END_HEADERS, 1, createBlockWriter()(':status', '200')))
  await pass(20 * MINUTE_MS)
  assert.equal(exchange.outcome, '200 ')
  assert.ok(strikes <= MAX_STRIKES, `${strikes} strikes, at ${pings.join(', ')} s`)
  assert.equal(pings.length, 4, `at ${pings.join(', ')} s`)
})

test('requests that come to a server that does not answer bring one more, and not one each', async () => {
  const pool = setting.of(app.port)
  await UpstreamExchange.send(pool)
  for (let i = 0; i < 8; i++) {
    await pass(30_000)
    await UpstreamExchange.send(pool)
  }
  assert.equal(pings.length, 2, `at ${pings.join(', ')} s`)
  assert.ok(strikes <= MAX_STRIKES)
})

test('each part of an answer begins the count anew, and who falls silent behind it is found out as soon as ever', async () => {
  const exchange = await UpstreamExchange.send(setting.of(app.port))
  await say(headersFrame(h2.FLAG_END_HEADERS, 1, createBlockWriter()(':status', '200')))
  for (let i = 0; i < 10; i++) {
    await pass(15_000)
    await say(dataFrame(0, 1))
  }
  assert.equal(pings.length, 10, `at ${pings.join(', ')} s`)
  isThere = false
  await pass(33_000)
  assert.match(exchange.outcome, /did not answer a PING within 20000 ms$/)
})
