import assert from 'node:assert/strict'
import type { H2Stream } from '../../../../src/http/h2/stream.ts'
import { type H2Pair, createH2Pair } from '../../../support/http/h2-pair.ts'
import { type StreamRecord, recordConnection, recordStream } from '../../../support/http/h2-recorder.ts'
import type { SeededRandom } from '../../../support/random.ts'
import { chanceTarget } from '../../engine/chance-target.ts'

const TUNNEL = [':method', 'CONNECT', ':authority', '10.0.0.1:80']
const WINDOWS = [1, 50, 1000, 65_535, 200_000]
const CALLS_PER_ROUND = 60

interface Sent {
  readonly stream: H2Stream
  readonly record: StreamRecord
  readonly pieces: Buffer[]
  state: 'open' | 'ended' | 'reset'
}

/** Two connections that are used at random, their bytes cut anywhere, deliver what was sent. */
export const h2PairTarget = chanceTarget('h2-pair', 100, (random) => {
  const streamWindowBytes = random.pick(WINDOWS)
  const settings = { streamWindowBytes, connectionWindowBytes: 65_535 + random.pick(WINDOWS) }
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
  const pair: H2Pair = createH2Pair(
    { client: client.handler, server: server.handler },
    { server: { settings }, client: { settings }, cut },
  )
  const sent: Sent[] = []
  for (let call = 0; call < CALLS_PER_ROUND; call += 1) act(random, pair, sent, streamWindowBytes)
  pair.client.setBlocked(false)
  for (const item of sent) if (item.state === 'open') pair.client.end(item.stream)
  pair.settle()
  assert.deepEqual([pair.client.openStreams, pair.server.openStreams], [0, 0])
  for (const item of sent) if (item.state !== 'reset') checkEcho(item)
  return 'ok'
})

function act(random: SeededRandom, pair: H2Pair, sent: Sent[], windowBytes: number): void {
  const { client } = pair
  const kind = random.below(10)
  if (kind < 2 && client.freeStreams > 0) {
    const record = recordStream({ onData: (_buffer, start, end) => client.consume(stream, end - start) })
    const stream: H2Stream = client.open(TUNNEL, record.handler, false)
    sent.push({ stream, record, pieces: [], state: 'open' })
    return
  }
  if (kind === 8) return client.setBlocked(random.chance(0.5))
  if (kind === 9) return pair.settle()
  const open = sent.filter((item) => item.state === 'open')
  if (open.length === 0) return
  const item = random.pick(open)
  if (kind === 7 && random.chance(0.5)) {
    item.state = 'ended'
    return client.end(item.stream)
  }
  if (kind === 7 && random.chance(0.3)) {
    item.state = 'reset'
    return client.reset(item.stream, 8)
  }
  // In proportion to the window, or one byte at a time would take all day.
  const size = Math.min(random.pick([1, 10, 1500, 20_000]), windowBytes * 5)
  const bytes = Buffer.alloc(size, random.below(256))
  item.pieces.push(bytes)
  if (random.chance(0.3)) client.text(item.stream, bytes.toString('latin1'))
  else client.data(item.stream, bytes, 0, bytes.length)
}

function checkEcho({ stream, record, pieces }: Sent): void {
  const [whole, body] = [Buffer.concat(pieces), record.body()]
  assert.ok(body.equals(whole), `stream ${stream.id}: ${body.length} of ${whole.length} bytes`)
  assert.deepEqual(record.heads[0], [':status', '200', 'x-id', String(stream.id)])
  assert.equal(record.events.filter((event) => event === 'end').length, 1)
}
