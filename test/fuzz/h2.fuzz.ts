import assert from 'node:assert/strict'
import { H2Connection } from '../../src/http/h2/connection.ts'
import type { H2Stream } from '../../src/http/h2/stream.ts'
import {
  clientPreface,
  createBlockWriter,
  formatFrame,
  parseFrames,
  settingsFrame,
  words,
} from '../support/http/h2-frames.ts'
import { createH2Pair } from '../support/http/h2-pair.ts'
import { recordConnection, recordStream } from '../support/http/h2-recorder.ts'
import { type SeededRandom, seededRandom } from '../support/random.ts'

const HEADS: readonly (readonly string[])[] = [
  [':method', 'CONNECT', ':authority', '10.0.0.1:80'],
  [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/', 'content-length', '5'],
  [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/x', 'x-long', 'v'.repeat(2000)],
  [':method', 'GET', ':path', '/'],
  [':status', '200'],
  [':status', '103', 'link', '</a>'],
  ['x-trailer', '1'],
]
const WINDOWS = [1, 50, 1000, 65_535, 200_000]
const FRAMES_PER_ROUND = 40
const CALLS_PER_ROUND = 60

/** How long to fuzz and where to begin: round `n` uses `seed + n`, so that any round can be repeated alone. */
export interface H2FuzzOptions {
  readonly rounds: number
  readonly seed: number
  /** Hears of each finished round. */
  readonly onRound?: (round: number) => void
}

/**
 * Two kinds of rounds. Two connections that are used at random, their bytes cut anywhere, must deliver what was sent.
 * A connection that is fed invented and damaged frames must keep to its contract: nothing is thrown, its output is
 * whole frames, each stream is told its end and its reset at most once and nothing after, and a failure is told once and leaves nothing open.
 */
export function fuzzH2({ rounds, seed, onRound }: H2FuzzOptions): void {
  for (let round = 0; round < rounds; round += 1) {
    const random = seededRandom(seed + round)
    try {
      converse(random)
      hostile(random, random.chance(0.5) ? 'server' : 'client')
    } catch (error) {
      throw new Error(`h2 fuzz failed; repeat with --rounds 1 --seed ${seed + round}`, { cause: error })
    }
    onRound?.(round)
  }
}

interface Sent {
  readonly stream: H2Stream
  readonly pieces: Buffer[]
  isEnded: boolean
  isReset: boolean
}

function converse(random: SeededRandom): void {
  const settings = { streamWindowBytes: random.pick(WINDOWS), connectionWindowBytes: 65_535 + random.pick(WINDOWS) }
  const server = recordConnection((stream) => {
    pair.server.headers(stream, [':status', '200', 'x-id', String(stream.id)], false)
    return {
      onData: (buffer, start, end) => {
        pair.server.data(stream, buffer, start, end)
        pair.server.consume(stream, end - start)
      },
      onEnd: () => pair.server.end(stream),
    }
  })
  const client = recordConnection()
  const cut = random.pick([0, 0, 3, 100])
  const pair = createH2Pair(
    { client: client.handler, server: server.handler },
    { server: { settings }, client: { settings }, cut },
  )
  const records = new Map<number, ReturnType<typeof recordStream>>()
  const sent: Sent[] = []
  for (let call = 0; call < CALLS_PER_ROUND; call += 1) act(random, pair.client, sent, records)
  pair.client.setBlocked(false)
  for (const item of sent) if (!item.isEnded && !item.isReset) pair.client.end(item.stream)
  pair.settle()
  assert.deepEqual([pair.client.openStreams, pair.server.openStreams], [0, 0])
  for (const { stream, pieces, isReset } of sent) {
    const record = records.get(stream.id)
    const whole = Buffer.concat(pieces)
    if (isReset) continue
    assert.ok(record?.body().equals(whole), `stream ${stream.id}: ${record?.body().length} of ${whole.length} bytes`)
    assert.deepEqual(record?.heads[0], [':status', '200', 'x-id', String(stream.id)])
    assert.equal(record?.events.filter((event) => event === 'end').length, 1)
  }

  function act(
    chance: SeededRandom,
    connection: H2Connection,
    items: Sent[],
    known: Map<number, ReturnType<typeof recordStream>>,
  ): void {
    const kind = chance.below(10)
    if (kind < 2 && connection.freeStreams > 0) {
      const record = recordStream({ onData: (_buffer, start, end) => connection.consume(stream, end - start) })
      const stream: H2Stream = connection.open(HEADS[0] ?? [], record.handler, false)
      known.set(stream.id, record)
      items.push({ stream, pieces: [], isEnded: false, isReset: false })
      return
    }
    if (kind === 8) return connection.setBlocked(chance.chance(0.5))
    if (kind === 9) return pair.settle()
    const open = items.filter((item) => !item.isEnded && !item.isReset)
    if (open.length === 0) return
    const item = chance.pick(open)
    if (kind === 7 && chance.chance(0.5)) {
      item.isEnded = true
      return connection.end(item.stream)
    }
    if (kind === 7 && chance.chance(0.3)) {
      item.isReset = true
      return connection.reset(item.stream, 8)
    }
    // In proportion to the window, or one byte at a time would take all day.
    const size = Math.min(chance.pick([1, 10, 1500, 20_000]), settings.streamWindowBytes * 5)
    const bytes = Buffer.alloc(size, chance.below(256))
    item.pieces.push(bytes)
    if (chance.chance(0.3)) connection.text(item.stream, bytes.toString('latin1'))
    else connection.data(item.stream, bytes, 0, bytes.length)
  }
}

function hostile(random: SeededRandom, role: 'server' | 'client'): void {
  const resetByOwner = new Set<H2Stream>()
  const record = recordConnection((stream) => {
    answer(stream)
    return { onData: (_buffer, start, end) => connection.consume(stream, end - start) }
  })
  const connection = new H2Connection(record.handler, { role, settings: { streamWindowBytes: random.pick(WINDOWS) } })
  const answer = (stream: H2Stream): void => {
    const kind = random.below(4)
    if (kind === 0) return
    connection.headers(stream, [':status', '200'], kind === 1)
    if (kind === 2) connection.data(stream, Buffer.alloc(70_000), 0, random.pick([1, 70_000]))
    if (kind === 3 && random.chance(0.5)) {
      connection.reset(stream, 8)
      resetByOwner.add(stream)
    }
  }
  connection.start()
  const write = createBlockWriter()
  connection.feed(Buffer.concat([role === 'server' ? clientPreface : Buffer.alloc(0), settingsFrame()]))
  if (role === 'client') {
    for (let i = 0; i < 3; i += 1) {
      const stream = recordStream()
      connection.open(random.pick(HEADS.slice(0, 3)), stream.handler, random.chance(0.5))
    }
  }
  checkOutput(connection)
  const bytes = Buffer.concat(Array.from({ length: FRAMES_PER_ROUND }, () => randomFrame(random, write)))
  if (random.chance(0.5))
    for (let i = random.below(4); i > 0; i -= 1) bytes[random.below(bytes.length)] = random.below(256)
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + 1 + random.below(400))
    connection.feed(bytes.subarray(at, end))
    at = end
    if (random.chance(0.2)) checkOutput(connection)
    if (random.chance(0.1)) connection.setBlocked(random.chance(0.5))
  }
  checkOutput(connection)
  const failures = record.events.filter((event) => event.startsWith('failure')).length
  assert.ok(failures <= 1)
  if (failures === 1) assert.equal(connection.openStreams, 0)
  connection.abort(2)
  assert.equal(connection.openStreams, 0)
  for (const { stream, record: told } of record.streams) {
    const ends = told.events.filter((event) => event !== 'drain' && !event.startsWith('headers'))
    // Its end, then perhaps a reset of what was left of it; a reset is the last word.
    const allowed = resetByOwner.has(stream) ? /^$/ : /^(end)?,?(reset \d+)?$/
    assert.match(ends.join(), allowed)
    if (ends.at(-1)?.startsWith('reset') === true) assert.equal(told.events.at(-1), ends.at(-1))
  }
  if (role === 'server') {
    const closed = record.events.filter((event) => event === 'closed').length
    assert.equal(closed, record.streams.length)
  }
}

function checkOutput(connection: H2Connection): void {
  const bytes = connection.take()
  for (const { payload } of parseFrames(bytes)) assert.ok(payload.length <= 16_384)
  assert.equal(connection.outputBytes, 0)
}

function randomFrame(random: SeededRandom, write: (...fields: readonly string[]) => Buffer): Buffer {
  const streamId = random.pick([0, 1, 1, 3, 3, 5, 7, 2, 101])
  const flags = random.pick([0, 1, 4, 5, 5, 4, 8, 0x2d, 0xff])
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      return formatFrame(
        1,
        random.pick([4, 5, 4, 5, 0]),
        random.pick([1, 3, 5, 7, 9, 11]),
        write(...random.pick(HEADS)),
      )
    case 3:
    case 4:
      return formatFrame(
        0,
        random.pick([0, 0, 1, 8]),
        random.pick([1, 3, 5]),
        Buffer.alloc(random.pick([0, 1, 5, 300])),
      )
    case 5:
      return formatFrame(3, 0, streamId, words(random.below(14)))
    case 6:
      return settingsFrame([random.below(8), random.pick([0, 1, 100, 16_384, 65_535, 2 ** 31 - 1, 2 ** 31])])
    case 7:
      return formatFrame(8, 0, streamId, words(random.pick([0, 1, 1000, 2 ** 31 - 1])))
    case 8:
      return formatFrame(6, random.pick([0, 1]), 0, words(1, 2))
    case 9:
      return formatFrame(random.pick([2, 9, 10, 200]), flags, streamId, Buffer.alloc(random.pick([0, 4, 5, 8])))
    case 10:
      return formatFrame(7, 0, 0, words(random.pick([0, 1, 3, 2 ** 31 - 1]), 0))
    default:
      return formatFrame(random.below(11), flags, streamId, Buffer.alloc(random.below(20), random.below(256)))
  }
}
