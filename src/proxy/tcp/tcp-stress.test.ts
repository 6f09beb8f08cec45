import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { VIP, until } from '../../../test/support/mesh/mesh.ts'
import { TcpMesh } from '../../../test/support/mesh/tcp-mesh.ts'
import { seededRandom } from '../../../test/support/random.ts'
import type { SeededRandom } from '../../../test/support/random.ts'
import { createSoon, turn } from '../../../test/support/turns.ts'
import type { HboneClient } from '../hbone/client.ts'
import type { TunnelChannel } from '../hbone/tunnel.ts'
import { defaultDeadlines } from '../limits/deadlines.ts'

/** What one side of a connection says: bytes that nobody else says, and how it stopped. */
interface Said {
  readonly id: number
  bytes: number
  ending: 'none' | 'end' | 'error' | 'cut'
}

const PIECE = 70_000
/** The bytes of a speaker at an offset: each begins with its number, and no two are the same further on. */
const spoken = (id: number, from: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes)
  for (let i = 0; i < bytes; i++) buffer[i] = id + (from + i) * 7 + ((from + i) >> 8)
  return buffer
}

const nobody: Said = { id: -1, bytes: 0, ending: 'none' }

const isCapital = (byte: number): boolean => byte >= 0x41 && byte <= 0x5a

/** Everybody who speaks, and what is heard of it. */
class Parties {
  readonly #said: Said[] = []
  readonly complaints: string[] = []

  join(): Said {
    // Of an undeclared port, whoever says the beginning of a method of HTTP and then nothing is taken to speak that.
    while (isCapital(this.#said.length)) this.#said.push(nobody)
    const said: Said = { id: this.#said.length, bytes: 0, ending: 'none' }
    this.#said.push(said)
    return said
  }

  /** Somebody who listens to one of those that speak; `end` when it was told that this was all. */
  listen(): { readonly hear: (bytes: Buffer) => void; readonly end: () => void } {
    let speaker: Said | undefined
    let heard = 0
    return {
      hear: (bytes) => {
        speaker ??= this.#said[bytes[0] ?? 0]
        if (speaker === undefined || !bytes.equals(spoken(speaker.id, heard, bytes.length))) {
          this.complaints.push(`what was said by ${speaker?.id} is another text from ${heard} on`)
        }
        heard += bytes.length
      },
      end: () => {
        if (speaker === undefined) return
        const { id, bytes, ending } = speaker
        if (ending === 'error') this.complaints.push(`an error of ${id} was told as its end`)
        if (ending === 'end' && heard !== bytes) this.complaints.push(`${heard} bytes of ${id}, who said ${bytes}`)
      },
    }
  }
}

/** A side of a connection, as far as both are alike. */
interface Mouth {
  readonly isOpen: () => boolean
  readonly send: (bytes: Buffer) => void
  readonly end: () => void
  readonly error: () => void
  readonly cut: () => void
}

const createSpeech = (random: SeededRandom) => {
  const { below, chance, pick } = random
  const soon = createSoon(random, 8)
  /** Says what chance has it say, and stops somehow. */
  const speak = async (said: Said, mouth: Mouth): Promise<void> => {
    await soon()
    const bytes = pick([1, 20, 5000, 60_000, 600_000])
    while (said.bytes < bytes && mouth.isOpen()) {
      const piece = Math.min(bytes - said.bytes, 1 + below(PIECE))
      mouth.send(spoken(said.id, said.bytes, piece))
      said.bytes += piece
      if (chance(0.3)) await soon()
      if (chance(0.01)) break
    }
    if (chance(0.3)) await soon()
    if (!mouth.isOpen()) return
    // Most end; some say nothing more, and it is for the deadline to end that.
    said.ending = pick(['end', 'end', 'end', 'end', 'end', 'end', 'error', 'cut', 'none'])
    if (said.ending === 'end') mouth.end()
    else if (said.ending === 'error') mouth.error()
    else if (said.ending === 'cut') mouth.cut()
  }
  return { soon, speak }
}

/** An application on a socket; some do not read for a while, or never. */
const serveAt = (random: SeededRandom, parties: Parties) => {
  const { soon, speak } = createSpeech(random)
  const { chance } = random
  return (socket: Socket): void => {
    const { hear, end } = parties.listen()
    socket.on('data', hear)
    socket.on('end', end)
    if (chance(0.2)) {
      socket.pause()
      if (chance(0.8)) void soon().then(() => socket.resume())
    }
    if (chance(0.05)) return void socket.resetAndDestroy()
    void speak(parties.join(), {
      isOpen: () => !socket.destroyed,
      send: (bytes) => void socket.write(bytes),
      end: () => void socket.end(),
      error: () => void socket.resetAndDestroy(),
      cut: () => void socket.destroy(),
    })
  }
}

const openChannel = (client: HboneClient): Promise<TunnelChannel> =>
  new Promise((resolve, reject) => {
    client.open(VIP, (result) => (result.ok ? resolve(result.channel) : reject(new Error(result.failure.message))))
  })

/** A client in a tunnel; it is over when the waypoint says so, or when it has said so itself. */
const run = async (client: HboneClient, random: SeededRandom, parties: Parties): Promise<void> => {
  const { soon, speak } = createSpeech(random)
  const channel = await openChannel(client)
  const { hear, end } = parties.listen()
  const over = Promise.withResolvers<void>()
  let isOpen = true
  let isReading = random.chance(0.8)
  let unread = 0
  channel.handler = {
    onData: (buffer, from, to) => {
      hear(buffer.subarray(from, to))
      if (isReading) channel.consume(to - from)
      else unread += to - from
    },
    onEnd: () => {
      end()
      over.resolve()
    },
    onClosed: () => {
      isOpen = false
      over.resolve()
    },
    onDrain: () => {},
  }
  const leave = (how: () => void) => () => {
    isOpen = false
    how()
    over.resolve()
  }
  const speaking = speak(parties.join(), {
    isOpen: () => isOpen,
    send: (bytes) => void channel.send(bytes, 0, bytes.length),
    end: () => channel.end(),
    error: leave(() => channel.abort()),
    cut: leave(() => channel.cut()),
  })
  await soon()
  if (random.chance(0.9)) {
    isReading = true
    channel.consume(unread)
  }
  await Promise.all([speaking, over.promise])
}

let tcp: TcpMesh
afterEach(() => tcp.close())

for (const seed of [1, 2, 3, 4]) {
  const transport = seed % 2 === 0 ? 'hbone' : 'plain'
  test(`whatever both sides of ${transport} connections do, each hears the other, and nothing is left (${seed})`, async () => {
    const random = seededRandom(seed)
    const parties = new Parties()
    const clock = createFakeClock()
    tcp = await TcpMesh.start(transport, {
      clock,
      deadlines: { ...defaultDeadlines, tcpIdleMs: 3000, protocolDetectionMs: 50 },
      ...(seed > 2 ? { bufferBytes: 600_000 } : {}),
    })
    const { mesh } = tcp
    const apps = await Promise.all([0, 1, 2].map(() => tcp.serve(serveAt(random, parties))))
    const ports = apps.map(({ port }) => port)
    const put = (count: number): void =>
      tcp.put({ protocol: seed > 2 ? 'unknown' : 'tcp', services: { api: ports.slice(0, count) } })
    put(3)
    const timers = clock.pending()
    const connections = [await mesh.dial(), await mesh.dial()]
    const state = { isOver: false }
    const time = async (): Promise<void> => {
      for (; !state.isOver; await turn()) {
        clock.advance(random.below(6))
        if (random.chance(0.02)) put(1 + random.below(3))
      }
    }
    const clients = Array.from({ length: 50 }, () => connections.map((client) => run(client, random, parties))).flat()
    const passing = time()
    await Promise.all(clients)
    await until(() => mesh.counters.openTcpConnections === 0, 'the connections to end')
    for (const connection of connections) connection.retire()
    await until(() => mesh.counters.openTunnels === 0, 'the tunnels to end')
    state.isOver = true
    await passing
    await until(() => mesh.counters.heldBytes === 0, 'all that was received to be taken')
    if (transport === 'plain') await until(() => mesh.counters.openUpstreamConnections === 0, 'the sockets to end')
    assert.equal(clock.pending(), timers, 'timers')
    assert.deepEqual(parties.complaints, [])
    assert.equal(mesh.records.length, mesh.counters.tcpConnectionsTotal)
    assert.equal(new Set(mesh.records).size, mesh.records.length)
    assert.deepEqual(
      mesh.logs.filter((line) => line.includes('"level":"error"')),
      [],
    )
  })
}
