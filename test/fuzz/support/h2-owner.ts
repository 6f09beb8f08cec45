import assert from 'node:assert/strict'
import { H2Connection } from '../../../src/http/h2/connection.ts'
import type { ConnectionHandler, ConnectionOptions } from '../../../src/http/h2/connection.ts'
import type { H2Stream, StreamHandler } from '../../../src/http/h2/stream.ts'
import { type SeededRandom, seededRandom } from '../../support/random.ts'

/** What an owner was told of one stream. */
export interface OwnedStream {
  readonly stream: H2Stream
  /** Ends and resets, in order. */
  readonly endings: string[]
  readonly pieces: Buffer[]
  /** What must come in all if it ends in order; `undefined` when nobody said so. */
  announcedBytes: number | undefined
  isResetByOwner: boolean
}

/** A connection and whoever uses it: what it does with a stream depends on the seed and the stream's number alone. */
export interface Owner {
  readonly connection: H2Connection
  /** Everything that was told but bodies, in order. */
  readonly log: readonly string[]
  readonly streams: ReadonlyMap<number, OwnedStream>
  /** Bytes that it has had written: bodies, and the most that heads can come to. */
  readonly sentBytes: () => number
  /** Whether it has acted on a piece of a body: then it matters how that came. */
  readonly isCutSensitive: () => boolean
}

const BODY = Buffer.alloc(40_000, 0x62)
const SMALL_BODY_BYTES = 700
/** Around the windows that a peer is likely to give. */
const BODY_BYTES = [1, 2, 100, 101, 1000, SMALL_BODY_BYTES, BODY.length]
const HEAD_BYTES = 80
const MAX_OPENED = 8
const REQUESTS: readonly (readonly string[])[] = [
  [':method', 'CONNECT', ':authority', '10.0.0.1:80'],
  [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'],
  [':method', 'HEAD', ':scheme', 'http', ':authority', 'a', ':path', '/'],
]

/** A started connection with an owner; a client has opened streams. */
export function createOwner(options: ConnectionOptions, seed: number): Owner {
  const log: string[] = []
  const streams = new Map<number, OwnedStream>()
  let isFailed = false
  let sentBytes = 0
  let opened = 0
  let isCutSensitive = false
  const tell = (event: string): void => {
    assert.ok(!isFailed, `${event} after the failure of the connection`)
    log.push(event)
  }
  const send = (stream: H2Stream, bytes: number): void => {
    sentBytes += bytes
    connection.data(stream, BODY, 0, bytes)
  }
  const head = (stream: H2Stream, fields: readonly string[], isEnd: boolean): void => {
    sentBytes += HEAD_BYTES
    connection.headers(stream, fields, isEnd)
  }
  const reset = (owned: OwnedStream): void => {
    owned.isResetByOwner = true
    connection.reset(owned.stream, 8)
  }
  const own = (stream: H2Stream): OwnedStream => {
    const owned = { stream, endings: [], pieces: [], announcedBytes: undefined, isResetByOwner: false }
    assert.ok(!streams.has(stream.id), `stream ${stream.id} comes twice`)
    streams.set(stream.id, owned)
    return owned
  }

  const respond = (owned: OwnedStream, habit: number, bodyBytes: number): void => {
    const { stream } = owned
    if (habit === 0) return
    if (habit === 1) return reset(owned)
    head(stream, [':status', '200', 'x-id', String(stream.id)], habit === 2)
    if (habit === 3) send(stream, bodyBytes)
    if (habit === 4) {
      send(stream, SMALL_BODY_BYTES)
      head(stream, ['x-sum', '1'], true)
    }
    if (habit === 5) {
      connection.text(stream, 'ok')
      connection.end(stream)
    }
  }

  const handlerOf = (id: number, owned: () => OwnedStream, habit: number): StreamHandler => ({
    onHeaders: (fields, isEnd) => {
      tell(`${id} head ${fields.join()} ${isEnd}`)
      checkFields(fields, fields[0] === ':status' ? ['status'] : [])
      const { stream } = owned()
      const isBodiless = stream.isBodiless || stream.isConnect || fields[1] === '304'
      if (fields[0] === ':status' && !isBodiless) owned().announcedBytes = contentLength(fields)
      if (habit === 6) reset(owned())
    },
    onData: (buffer, start, end) => {
      assert.ok(!isFailed && end > start, 'an empty piece')
      const { pieces, stream } = owned()
      pieces.push(Buffer.from(buffer.subarray(start, end)))
      if (habit === 7) {
        isCutSensitive = true
        return reset(owned())
      }
      if (habit >= 8) {
        sentBytes += end - start
        connection.data(stream, buffer, start, end)
      }
      if (habit > 0) connection.consume(stream, end - start)
    },
    onEnd: () => {
      tell(`${id} end`)
      owned().endings.push('end')
      if (habit >= 8) connection.end(owned().stream)
    },
    onReset: (code) => {
      tell(`${id} reset ${code}`)
      owned().endings.push('reset')
    },
    onDrain: () => {
      tell(`${id} drain`)
      connection.end(owned().stream)
    },
  })

  const openMore = (): void => {
    while (opened < MAX_OPENED && streams.size < MAX_OPENED && connection.freeStreams > 0) {
      opened += 1
      const chance = chanceOf(seed, opened)
      const id = opened * 2 - 1
      const slot: { owned?: OwnedStream } = {}
      const handler = handlerOf(id, () => slot.owned ?? assert.fail('told before it was opened'), chance.below(10))
      const isEnd = chance.chance(0.3)
      sentBytes += HEAD_BYTES
      const stream = connection.open(chance.pick(REQUESTS), handler, isEnd)
      assert.equal(stream.id, id)
      slot.owned = own(stream)
      if (!isEnd && chance.chance(0.4)) send(stream, chance.pick(BODY_BYTES))
      if (opened >= 3) return
    }
  }

  const handler: ConnectionHandler = {
    onOutput: () => {},
    onStream: (stream, fields, isEnd) => {
      tell(`${stream.id} opened ${fields.join()} ${isEnd}`)
      const owned = own(stream)
      if (isEnd) owned.endings.push('end')
      checkFields(fields, ['method', 'scheme', 'authority', 'path'])
      if (fields[1] !== 'CONNECT') owned.announcedBytes = contentLength(fields)
      const chance = chanceOf(seed, stream.id)
      const habit = chance.below(11)
      respond(owned, habit, chance.pick(BODY_BYTES))
      return handlerOf(stream.id, () => owned, habit)
    },
    onGoaway: (last, code) => tell(`goaway ${last} ${code}`),
    onSettings: () => {
      tell('settings')
      if (options.role === 'client') openMore()
    },
    onPong: () => tell('pong'),
    onStreamClosed: () => {
      tell('closed')
      if (options.role === 'client' && (seed & 1) === 1) openMore()
    },
    onFailure: (code) => {
      tell(`failure ${code}`)
      isFailed = true
    },
  }
  const connection = new H2Connection(handler, options)
  connection.start()
  if (options.role === 'client' && (seed & 2) === 2) openMore()
  return { connection, log, streams, sentBytes: () => sentBytes, isCutSensitive: () => isCutSensitive }
}

/** What no head may hold, checked without the codec's own rules; `pseudo` may come, each once, in front. */
function checkFields(fields: readonly string[], pseudo: readonly string[]): void {
  const seen = new Set<string>()
  for (let i = 0; i < fields.length; i += 2) {
    const [name = '', value = ''] = fields.slice(i, i + 2)
    assert.doesNotMatch(value, /[\0\r\n]|^[ \t]|[ \t]$/)
    assert.ok(!/^(?:connection|keep-alive|proxy-connection|transfer-encoding|upgrade)$/.test(name), name)
    if (name.startsWith(':')) {
      assert.ok(pseudo.includes(name.slice(1)) && !seen.has(name), `${name} out of place`)
      assert.equal(seen.size * 2, i, `${name} behind other fields`)
      seen.add(name)
    } else assert.match(name, /^[^\0-\x20A-Z:\x7f-\uffff]+$/)
  }
}

function contentLength(fields: readonly string[]): number | undefined {
  const at = fields.indexOf('content-length')
  return at === -1 ? undefined : Number(fields[at + 1])
}

function chanceOf(seed: number, id: number): SeededRandom {
  return seededRandom((seed ^ Math.imul(id, 0x9e37_79b1)) >>> 0)
}
