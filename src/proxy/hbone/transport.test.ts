import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { formatFrame, parseFrames, settingsFrame, words } from '../../../test/support/http/h2-frames.ts'
import { turn as nextTurn } from '../../../test/support/turns.ts'
import { H2Connection } from '../../http/h2/connection.ts'
import { FRAME_PING } from '../../http/h2/constants.ts'
import { Flusher } from '../flusher.ts'
import { HboneTransport, PING_IDLE_MS } from './transport.ts'

/** A socket whose peer reads nothing, as far as the transport can see. */
class StuckSocket extends EventEmitter {
  writableLength = 0
  writableEnded = false
  destroyed = false
  writes = 0
  isPaused = false
  /** What was put back. */
  readonly unread: Buffer[] = []
  readonly written: Buffer[] = []

  push(chunk: Buffer): boolean {
    return this.emit('data', chunk)
  }

  pause(): void {
    this.isPaused = true
  }

  /** As a socket does: what was put back comes again. */
  resume(): void {
    this.isPaused = false
    const next = this.unread.shift()
    if (next !== undefined) this.emit('data', next)
  }

  unshift(rest: Buffer): void {
    this.unread.unshift(rest)
  }

  write(bytes: Buffer): boolean {
    this.writes++
    this.written.push(bytes)
    this.writableLength += bytes.length
    return false
  }

  end(): void {
    this.writableEnded = true
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    this.emit('close')
  }
}

const setUp = (): {
  readonly socket: StuckSocket
  readonly transport: HboneTransport
  readonly connection: H2Connection
} => {
  const socket = new StuckSocket()
  // The few members that a transport uses.
  const transport = new HboneTransport(socket as unknown as TLSSocket, new Flusher())
  const connection = new H2Connection(
    {
      onOutput: () => transport.wantFlush(),
      onStream: () => {
        throw new Error('planned')
      },
      onGoaway: () => {},
      onSettings: () => {},
      onPong: () => {},
      onStreamClosed: () => {},
      onFailure: () => transport.close(),
    },
    { role: 'client' },
  )
  return { socket, transport, connection }
}

test('a peer that provokes answers and reads none of them is dropped', () => {
  const { socket, transport, connection } = setUp()
  let gone = 0
  transport.start(connection, () => gone++)
  for (let i = 0; i < 400_000 && !socket.destroyed; i++) {
    connection.ping()
    if (i % 100 === 0) transport.flush()
  }
  assert.equal(socket.destroyed, true)
  assert.ok(socket.writableLength < 4_300_000, `${socket.writableLength} bytes`)
  assert.equal(gone, 1)
})

test('nothing is written behind the end', () => {
  const { socket, transport, connection } = setUp()
  transport.start(connection, () => {})
  transport.flush()
  assert.equal(socket.writes, 1)
  transport.close()
  assert.equal(socket.writableEnded, true)
  connection.ping()
  transport.flush()
  assert.equal(socket.writes, 1)
  transport.close()
})

test('what is still to be said goes out before the end', () => {
  const { socket, transport, connection } = setUp()
  transport.start(connection, () => {})
  transport.flush()
  connection.shutdown()
  transport.close()
  assert.equal(socket.writableEnded, false)
  transport.flush()
  assert.equal(socket.writes, 2)
  assert.equal(socket.writableEnded, true)
})

test('the reason of the socket is told with its end, once', () => {
  const { socket, transport, connection } = setUp()
  const gone: (string | undefined)[] = []
  transport.start(connection, (why) => gone.push(why))
  socket.emit('error', new Error('ECONNRESET'))
  socket.destroy()
  assert.deepEqual(gone, ['ECONNRESET'])
})

test('what a guarded call throws is told, and the connection is gone', () => {
  const { socket, transport, connection } = setUp()
  const faults: unknown[] = []
  transport.start(
    connection,
    () => {},
    (error) => faults.push(error),
  )
  transport.guard(() => {
    throw new Error('planned')
  })
  assert.match(String(faults[0]), /planned/)
  assert.equal(socket.destroyed, true)
})

for (const { name, method, act } of [
  { name: 'it is written', method: 'take', act: ({ connection }: ReturnType<typeof setUp>) => connection.ping() },
  { name: 'it is looked after', method: 'ping', act: ({ transport }: ReturnType<typeof setUp>) => beSilent(transport) },
] as const)
  test(`what fails while ${name} is told, and the connection is gone`, async () => {
    const all = setUp()
    const { socket, transport, connection } = all
    const faults: unknown[] = []
    transport.start(
      connection,
      () => {},
      (error) => faults.push(error),
    )
    await nextTurn()
    connection[method] = () => {
      throw new Error('planned')
    }
    act(all)
    await nextTurn()
    assert.match(String(faults), /planned/)
    assert.equal(socket.destroyed, true)
  })

/** So long that it is asked whether it is still there. */
const beSilent = (transport: HboneTransport): void => {
  for (const nowMs of [1000, 2000 + PING_IDLE_MS]) transport.tick(nowMs)
}

test('a connection with very many frames lets the others go first, and loses none', async () => {
  const { socket, transport, connection } = setUp()
  transport.start(connection, () => {})
  const pings = Array.from({ length: 2000 }, (_, i) => formatFrame(FRAME_PING, 0, 0, words(0, i)))
  const answered = (): number[] => {
    transport.flush()
    const frames = parseFrames(Buffer.concat(socket.written.splice(0)))
    return frames.flatMap(({ type, payload }) => (type === FRAME_PING ? [payload.readUInt32BE(4)] : []))
  }
  const seen: number[] = []
  socket.emit('data', Buffer.concat([settingsFrame(), ...pings]))
  for (let turn = 1; turn <= 4; turn++) {
    const now = answered()
    assert.ok(now.length > 0 && now.length <= 512, `${now.length} in turn ${turn}`)
    assert.equal(socket.isPaused, turn < 4)
    seen.push(...now)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(
    seen,
    pings.map((_, i) => i),
  )
})

test('a connection with very many small reads lets the others go first', async () => {
  const { socket, transport, connection } = setUp()
  transport.start(connection, () => {})
  socket.emit('data', settingsFrame())
  const ping = formatFrame(FRAME_PING, 0, 0, words(1, 2))
  for (let at = 0; at < 14; at++) socket.emit('data', ping.subarray(at % ping.length, (at % ping.length) + 1))
  assert.equal(socket.isPaused, false)
  socket.emit('data', ping.subarray(14 % ping.length, (14 % ping.length) + 1))
  assert.equal(socket.isPaused, true)
  assert.equal(socket.unread.length, 0)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(socket.isPaused, false)
})
