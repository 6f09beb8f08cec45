import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import type { FakeClock } from '../../../../test/support/fake-clock.ts'
import {
  createBlockWriter,
  dataFrame,
  formatFrame,
  headersFrame,
  parseFrames,
  settingsPayload,
  words,
} from '../../../../test/support/http/h2-frames.ts'
import { until } from '../../../../test/support/mesh/mesh.ts'
import { serveTcp } from '../../../../test/support/tls/tls-app.ts'
import type { App } from '../../../../test/support/tls/tls-app.ts'
import { PlainPools } from '../../../../test/support/upstream/plain-pools.ts'
import { UpstreamExchange } from '../../../../test/support/upstream/upstream-exchange.ts'
import { arrivals } from '../../../../test/support/turns.ts'
import * as h2 from '../../../http/h2/constants.ts'
import { HeaderList } from '../../../http/header-list.ts'

let clock: FakeClock
let setting: PlainPools
let app: App<Socket> | undefined
beforeEach(() => {
  clock = createFakeClock()
  setting = new PlainPools({ clock })
})
afterEach(async () => {
  setting[Symbol.dispose]()
  await app?.[Symbol.asyncDispose]()
  app = undefined
  await until(() => setting.counters.openUpstreamConnections === 0)
  assert.deepEqual(setting.faults, [])
  assert.equal(setting.counters.heldBytes, 0)
})

const SETTINGS = formatFrame(h2.FRAME_SETTINGS, 0, 0)
const END = h2.FLAG_END_STREAM | h2.FLAG_END_HEADERS

/** A server that sends `greeting`, and `answer` once so many requests have come. */
const serve = async (
  greeting: Buffer | string,
  answer: (block: ReturnType<typeof createBlockWriter>) => readonly Buffer[] = () => [],
  requests = 1,
): Promise<number> => {
  app = await serveTcp({ address: '127.0.0.1' }, (socket) => {
    socket.write(greeting)
    let seen = Buffer.alloc(0)
    let isDone = false
    socket.on('data', (chunk: Buffer) => {
      seen = Buffer.concat([seen, chunk])
      const heads = parseFrames(seen).filter(({ type }) => type === h2.FRAME_HEADERS)
      if (isDone || heads.length < requests) return
      isDone = true
      socket.write(Buffer.concat(answer(createBlockWriter())))
    })
  })
  return app.port
}

const pass = async (ms: number): Promise<void> => {
  for (let at = 0; at < ms; at += 1000) {
    clock.advance(1000)
    setting.pools.tick(clock.monotonicMs())
    await arrivals(5)
  }
}

describe('what an endpoint does to one stream fails that request alone:', () => {
  const head = (block: ReturnType<typeof createBlockWriter>, ...fields: readonly string[]): Buffer =>
    headersFrame(h2.FLAG_END_HEADERS, 1, block(...fields))
  const cases: readonly {
    readonly name: string
    readonly answer: (block: ReturnType<typeof createBlockWriter>) => readonly Buffer[]
    readonly outcome: RegExp
  }[] = [
    {
      name: 'DATA before HEADERS',
      answer: () => [dataFrame(0, 1)],
      outcome: /^protocol: the upstream sent a malformed answer \(PROTOCOL_ERROR\)$/,
    },
    {
      name: 'trailers before the head',
      answer: (block) => [headersFrame(END, 1, block('grpc-status', '0'))],
      outcome: /^protocol: the upstream sent a malformed answer/,
    },
    {
      name: 'a field name in capitals',
      answer: (block) => [head(block, ':status', '200', 'X-Upper', '1')],
      outcome: /^protocol: the upstream sent a malformed answer/,
    },
    {
      name: 'a status that switches protocols',
      answer: (block) => [head(block, ':status', '101')],
      outcome: /^protocol: the upstream sent a malformed answer/,
    },
    {
      name: 'less than its content-length',
      answer: (block) => [head(block, ':status', '200', 'content-length', '2'), dataFrame(h2.FLAG_END_STREAM, 1)],
      outcome: /^protocol: the upstream sent a malformed answer/,
    },
    {
      name: 'a body where none may be',
      answer: (block) => [head(block, ':status', '204'), dataFrame(h2.FLAG_END_STREAM, 1)],
      outcome: /^protocol: the upstream sent a body where none may be$/,
    },
    {
      name: 'trailers that speak of the connection',
      answer: (block) => [head(block, ':status', '200'), headersFrame(END, 1, block('connection', 'close'))],
      outcome: /^protocol: the upstream sent a malformed answer \(PROTOCOL_ERROR\)$/,
    },
    {
      name: 'a window that overflows',
      answer: () => [formatFrame(h2.FRAME_WINDOW_UPDATE, 0, 1, words(0x7fff_ffff))],
      outcome: /^protocol: the upstream sent a malformed answer \(FLOW_CONTROL_ERROR\)$/,
    },
    {
      name: 'more than its window',
      answer: (block) => [
        head(block, ':status', '200'),
        ...Array.from({ length: 17 }, () => dataFrame(0, 1, Buffer.alloc(16_384))),
      ],
      outcome: /^protocol: the upstream sent a malformed answer \(FLOW_CONTROL_ERROR\)$/,
    },
    {
      name: 'a reset with a number that has no name',
      answer: () => [formatFrame(h2.FRAME_RST_STREAM, 0, 1, words(77))],
      outcome: /^reset: the upstream reset the stream with error code 77$/,
    },
    {
      name: 'an end of the stream as a mere reset without error',
      answer: (block) => [head(block, ':status', '200'), formatFrame(h2.FRAME_RST_STREAM, 0, 1, words(0))],
      outcome: /^reset: the upstream reset the stream with NO_ERROR$/,
    },
  ]
  for (const { name, answer, outcome } of cases) {
    it(name, async () => {
      const fine = (block: ReturnType<typeof createBlockWriter>): Buffer =>
        headersFrame(END, 3, block(':status', '204'))
      const port = await serve(SETTINGS, (block) => [...answer(block), fine(block)], 2)
      const pool = setting.of(port)
      const [bad, good] = await Promise.all([UpstreamExchange.send(pool), UpstreamExchange.send(pool)])
      bad.isReading = false
      await Promise.all([bad.over, good.over])
      assert.match(bad.outcome, outcome)
      assert.equal(good.outcome, '204 ')
      assert.ok(pool.takeIdle(2)?.isUsable)
    })
  }
})

describe('what an endpoint does to the connection fails what is on it, and the next request gets another one:', () => {
  const cases: readonly { readonly name: string; readonly bytes: readonly Buffer[]; readonly outcome: RegExp }[] = [
    {
      name: 'a flood of SETTINGS',
      bytes: Array.from({ length: 5000 }, () => SETTINGS),
      outcome: /^protocol: the upstream broke HTTP\/2: too many frames that carry nothing$/,
    },
    {
      name: 'a connection window that overflows',
      bytes: [formatFrame(h2.FRAME_WINDOW_UPDATE, 0, 0, words(0x7fff_ffff))],
      outcome: /^protocol: the upstream broke HTTP\/2: the connection window overflows$/,
    },
    {
      name: 'a pushed stream',
      bytes: [formatFrame(h2.FRAME_PUSH_PROMISE, h2.FLAG_END_HEADERS, 1, words(2))],
      outcome: /^protocol: the upstream broke HTTP\/2: PUSH_PROMISE although push is off$/,
    },
    {
      name: 'a frame that is too large',
      bytes: [Buffer.from('ffffff000000000001', 'hex')],
      outcome: /^protocol: the upstream broke HTTP\/2: a frame of 16777215 bytes/,
    },
  ]
  for (const { name, bytes, outcome } of cases) {
    it(name, async () => {
      const pool = setting.of(await serve(SETTINGS, () => bytes, 2))
      const both = await Promise.all([UpstreamExchange.send(pool), UpstreamExchange.send(pool)])
      for (const exchange of both) {
        await exchange.over
        assert.match(exchange.outcome, outcome)
      }
      assert.equal(pool.takeIdle(2), undefined)
      await pass(8000)
      await until(() => setting.counters.openUpstreamConnections === 0)
      assert.ok(pool.isUnused)
    })
  }

  it('reading nothing of very many requests', async () => {
    app = await serveTcp({ address: '127.0.0.1' }, (socket) => {
      socket.write(SETTINGS)
      socket.pause()
    })
    const pool = setting.of(app.port)
    const waiting = await UpstreamExchange.send(pool)
    const { session } = waiting
    for (let i = 0; i < 500; i++) {
      const headers = new HeaderList(['x-large', `${i}${'x'.repeat(32_000)}`])
      const { session: other } = await UpstreamExchange.send(pool, { headers })
      other.abandon()
    }
    await pass(2000)
    assert.match(waiting.outcome, /^reset: HTTP\/2 with 127\.0\.0\.1:\d+ was given up: nothing is read$/)
    assert.equal(session.isUsable, false)
  })

  it('half a frame, and no answer to a PING', async () => {
    const pool = setting.of(await serve(SETTINGS, () => [Buffer.from('000010010400', 'hex')]))
    const exchange = await UpstreamExchange.send(pool)
    await pass(5000)
    assert.equal(exchange.outcome, 'undefined ')
    await pass(40_000)
    assert.match(exchange.outcome, /^reset: HTTP\/2 with 127\.0\.0\.1:\d+ did not answer a PING within 20000 ms$/)
  })
})

describe('no request is lost to an endpoint that', () => {
  it('says nothing: its time for SETTINGS is limited', async () => {
    const port = await serve('')
    const exchange = UpstreamExchange.run(setting.of(port))
    await until(() => setting.counters.openUpstreamConnections === 1)
    const failed = assert.rejects(
      exchange,
      /connect-failed: HTTP\/2 with 127\.0\.0\.1:\d+ sent no SETTINGS within 10000 ms/,
    )
    await pass(11_000)
    await failed
    const { deadlines, upstreamConnectFailures } = setting.counters
    assert.deepEqual([deadlines.connect, upstreamConnectFailures], [1, 1])
  })

  it('speaks something else', async () => {
    const port = await serve('SSH-2.0-OpenSSH_9.9\r\n')
    await assert.rejects(
      UpstreamExchange.run(setting.of(port)),
      /connect-failed: HTTP\/2 with 127\.0\.0\.1:\d+ failed: a frame of .*: does the application speak HTTP\/2\?/,
    )
  })

  it('knows HTTP/1.1 alone, and takes the preface for a bad request', async () => {
    app = await serveTcp({ address: '127.0.0.1' }, (socket) => {
      socket.on('data', (chunk: Buffer) => {
        if (chunk.toString('latin1', 0, 3) === 'PRI') socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      })
    })
    const pool = setting.of(app.port)
    const { outcome, session } = await UpstreamExchange.run(pool)
    assert.deepEqual([outcome, session.version], ['200 ok', 1])
    assert.equal((await UpstreamExchange.run(pool)).outcome, '200 ok')
    assert.equal(app.sockets.length, 2)
  })

  it('closes at once', async () => {
    app = await serveTcp({ address: '127.0.0.1' }, (socket) => void socket.end())
    await assert.rejects(
      UpstreamExchange.run(setting.of(app.port)),
      /connect-failed: HTTP\/2 with .* was (closed|reset)/,
    )
  })

  it('allows no stream at all: that is as if there were no connection, and no other one is tried', async () => {
    const none = formatFrame(h2.FRAME_SETTINGS, 0, 0, settingsPayload([h2.SETTINGS_MAX_CONCURRENT_STREAMS, 0]))
    const port = await serve(none)
    await assert.rejects(
      UpstreamExchange.run(setting.of(port)),
      /connect-failed: HTTP\/2 with .* allows no stream at all/,
    )
    assert.equal(setting.counters.upstreamConnectionsTotal, 1)
    // It does not stay, of which nobody could make use.
    await until(() => app?.sockets.every(({ readableEnded }) => readableEnded) === true)
  })

  it('is ending when it begins', async () => {
    const port = await serve(Buffer.concat([SETTINGS, formatFrame(h2.FRAME_GOAWAY, 0, 0, words(0, 0))]))
    const { outcome } = await UpstreamExchange.run(setting.of(port))
    assert.equal(outcome, 'refused: the upstream refused the stream')
  })
})
