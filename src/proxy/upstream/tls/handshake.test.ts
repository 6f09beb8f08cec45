import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { TLSSocket } from 'node:tls'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { createBackendCa } from '../../../../test/support/tls/backend-ca.ts'
import type { ChannelHandler } from '../../channel.ts'
import { ignoreChannel } from '../../channel.ts'
import { Flusher } from '../../flusher.ts'
import { BackendTrusts } from './backend-trusts.ts'
import type { HandledChannel } from './cipher-stream.ts'
import { Handshake } from './handshake.ts'
import type { HandshakeResult, Resumption } from './handshake.ts'
import type { TlsChannel } from './tls-channel.ts'

/** The longest record (RFC 8446 section 5.2), which is decrypted only when it is whole. */
const RECORD_BYTES = 16_384 + 256 + 5
const HOST = 'orders.shop.svc'
const ca = createBackendCa()

const turns = async (count = 50): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A channel that notes what is done with it; what is sent goes to `peer`. */
class FakeChannel implements HandledChannel {
  handler: ChannelHandler = ignoreChannel
  readonly isLasting = true
  readonly queuedBytes = 0
  readonly calls: string[] = []
  consumed = 0
  discarded = 0
  /** Sent while nobody was there to take it. */
  readonly early: Buffer[] = []
  peer: (bytes: Buffer) => void = (bytes) => void this.early.push(bytes)

  send(buffer: Buffer, start: number, end: number): boolean {
    this.peer(buffer.subarray(start, end))
    return true
  }

  sendText(text: string): boolean {
    this.peer(Buffer.from(text, 'latin1'))
    return true
  }

  end(): void {
    this.calls.push('end')
  }

  abort(): void {
    this.calls.push('abort')
  }

  cut(): void {
    this.calls.push('cut')
  }

  consume(bytes: number): void {
    this.consumed += bytes
  }

  discard(bytes: number): void {
    this.discarded += bytes
  }
}

const setUp = (timeoutMs = 10_000) => {
  const clock = createFakeClock()
  const channel = new FakeChannel()
  const resumption: Resumption = { session: undefined, verifiedAtMs: 0 }
  const results: HandshakeResult[] = []
  let timeouts = 0
  const trust = new BackendTrusts().of(ca.tls(HOST))
  const handshake = new Handshake(
    {
      channel,
      trust,
      protocols: [],
      resumption,
      authority: '10.0.0.1:8443',
      timeoutMs,
      clock,
      flusher: new Flusher(),
      onTimeout: () => timeouts++,
    },
    (result) => results.push(result),
  )
  return { clock, channel, resumption, results, handshake, timeouts: () => timeouts }
}

/** A server at the other end of the channel, which never ends the channel itself. */
const serve = (channel: FakeChannel): { readonly socket: TLSSocket; sent: number } => {
  const seen = { sent: 0 }
  const below = new Duplex({
    allowHalfOpen: true,
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      seen.sent += chunk.length
      channel.handler.onData(chunk, 0, chunk.length)
      done()
    },
  })
  channel.peer = (bytes) => void below.push(Buffer.from(bytes))
  for (const bytes of channel.early) channel.peer(bytes)
  const socket = new TLSSocket(below, { isServer: true, ...ca.issue([HOST]) })
  socket.on('error', () => {})
  return Object.assign(seen, { socket })
}

const connect = async () => {
  const setting = setUp()
  const server = serve(setting.channel)
  await turns()
  const [result] = setting.results
  assert.ok(result !== undefined && 'channel' in result, JSON.stringify(result))
  return { ...setting, server, tls: result.channel }
}

/** Notes what it is told. */
const listen = (tls: TlsChannel, isReading = true): { readonly told: string[]; bytes: number } => {
  const seen = { told: new Array<string>(), bytes: 0 }
  tls.handler = {
    onData: (_buffer, start, end) => {
      seen.bytes += end - start
      if (isReading) tls.consume(end - start)
    },
    onEnd: () => void seen.told.push('end'),
    onClosed: (isClean) => void seen.told.push(isClean ? 'clean' : 'lost'),
    onDrain: () => {},
  }
  return seen
}

test('silence is a failure when the time is over, and told once', async () => {
  const { clock, channel, results, timeouts, handshake } = setUp()
  await turns()
  clock.advance(9_999)
  assert.deepEqual(results, [])
  clock.advance(1)
  handshake.cancel()
  channel.handler.onClosed(false, false)
  await turns()
  const failure = 'TLS with orders.shop.svc at 10.0.0.1:8443 timed out: does the application speak TLS?'
  assert.deepEqual(results, [{ failure }])
  assert.deepEqual(channel.calls, ['abort'])
  assert.equal(timeouts(), 1)
  assert.equal(clock.pending(), 0)
})

test('with a deadline of 0 it waits for ever', async () => {
  const { clock, results } = setUp(0)
  clock.advance(1e9)
  await turns()
  assert.deepEqual(results, [])
})

test('a failure takes the kept session with it: it may be the cause', async () => {
  const { channel, resumption, results } = setUp()
  resumption.session = Buffer.from('of another server')
  channel.handler.onEnd()
  await turns()
  assert.equal(results.length, 1)
  assert.equal(resumption.session, undefined)
})

test('all window of the handshake is given back', async () => {
  const { channel, server, resumption } = await connect()
  assert.equal(channel.consumed, server.sent)
  assert.ok(resumption.session !== undefined)
})

test('what nobody takes is kept back, but for one record, and given back when it is taken', async () => {
  const { channel, server, tls } = await connect()
  const seen = listen(tls, false)
  server.socket.write(Buffer.alloc(100_000))
  await turns()
  assert.equal(seen.bytes, 100_000)
  const kept = (): number => server.sent - channel.consumed
  assert.ok(kept() <= 100_000 && kept() > 100_000 - RECORD_BYTES, `${kept()} bytes are kept back`)
  tls.consume(40_000)
  assert.equal(kept(), 60_000)
  tls.discard(60_000)
  assert.deepEqual([kept(), channel.discarded], [60_000, 60_000])
})

test('an end by both sides is clean; the channel is ended, and cut if the peer leaves it open', async () => {
  const { clock, channel, server, tls } = await connect()
  const seen = listen(tls)
  server.socket.end()
  await turns()
  assert.deepEqual(seen.told, ['end'])
  assert.equal(tls.isLasting, false)
  tls.end()
  await turns()
  assert.deepEqual(seen.told, ['end', 'clean'])
  assert.deepEqual(channel.calls, ['end'])
  clock.advance(5000)
  assert.deepEqual(channel.calls, ['end', 'cut'])
})

test('a channel that the peer ends in time is not cut', async () => {
  const { clock, channel, server, tls } = await connect()
  const seen = listen(tls)
  tls.end()
  server.socket.on('end', () => server.socket.end())
  server.socket.resume()
  await turns()
  channel.handler.onEnd()
  clock.advance(10_000)
  await turns()
  assert.deepEqual(seen.told, ['end', 'clean'])
  assert.deepEqual(channel.calls, ['end'])
})

test('half of it may end before the other', async () => {
  const { server, tls } = await connect()
  const seen = listen(tls)
  let received = ''
  server.socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
  server.socket.end('bye')
  await turns()
  assert.deepEqual([seen.told, seen.bytes], [['end'], 3])
  tls.sendText('and one more thing')
  await turns()
  assert.equal(received, 'and one more thing')
})

for (const how of ['onEnd', 'onClosed'] as const) {
  test(`the end of the channel (${how}) without close_notify is a loss`, async () => {
    const { channel, server, tls } = await connect()
    const seen = listen(tls)
    server.socket.write('half a')
    await turns()
    channel.handler[how](true, false)
    await turns()
    assert.deepEqual([seen.told, seen.bytes], [['lost'], 6])
  })

  test(`the end of the channel (${how}) right behind close_notify is an end`, async () => {
    const { channel, server, tls } = await connect()
    const seen = listen(tls)
    let isEnded = false
    const { handler } = channel
    const { onData } = handler
    // In the same callback, as a tunnel has it when both frames come in one read.
    channel.handler = {
      ...ignoreChannel,
      onData: (buffer, start, end) => {
        onData.call(handler, buffer, start, end)
        if (server.socket.writableEnded && !isEnded) {
          isEnded = true
          handler[how](true, false)
        }
      },
    }
    server.socket.end()
    await turns()
    assert.equal(isEnded, true)
    assert.equal(seen.told[0], 'end')
    assert.ok(!seen.told.includes('lost'))
  })
}

test('bytes that are no record of this connection end it, visibly as an error', async () => {
  const { channel, tls } = await connect()
  const seen = listen(tls)
  const forged = Buffer.from('170303001000000000000000000000000000000000', 'hex')
  channel.handler.onData(forged, 0, forged.length)
  await turns()
  assert.deepEqual(seen.told, ['lost'])
  assert.deepEqual(channel.calls, ['abort'])
})

for (const how of ['abort', 'cut'] as const) {
  test(`${how} goes through, and nothing is heard any more`, async () => {
    const { channel, server, tls } = await connect()
    const seen = listen(tls)
    tls[how]()
    tls.sendText('late')
    server.socket.write('late')
    channel.handler.onEnd()
    await turns()
    assert.deepEqual([channel.calls, seen.told, seen.bytes], [[how], [], 0])
  })
}
