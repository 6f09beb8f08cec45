/**
 * What one small DATA frame costs: 64 streams, 100-byte frames, a client and a server connection in memory, every
 * frame echoed. Prints nanoseconds per frame and microseconds per request-sized pair, encoding and decoding together.
 * Run: `node test/bench/h2-frames.ts [rounds]`.
 */
import { ignoreStream } from '../../src/http/h2/stream.ts'
import type { H2Stream, StreamHandler } from '../../src/http/h2/stream.ts'
import type { ConnectionHandler } from '../../src/http/h2/connection.ts'
import { createH2Pair } from '../support/http/h2-pair.ts'

const STREAMS = 64
const FRAME_BYTES = 100
const rounds = Number(process.argv[2] ?? 20_000)

const quiet: ConnectionHandler = {
  onOutput: () => {},
  onStream: () => ignoreStream,
  onGoaway: () => {},
  onSettings: () => {},
  onPong: () => {},
  onStreamClosed: () => {},
  onFailure: (code, message) => {
    throw new Error(`failed with ${code}: ${message}`)
  },
}

let received = 0
const pair = createH2Pair({
  client: quiet,
  server: {
    ...quiet,
    onStream: (stream): StreamHandler => {
      pair.server.headers(stream, [':status', '200'], false)
      return {
        ...ignoreStream,
        onData: (buffer, start, end) => {
          pair.server.data(stream, buffer, start, end)
          pair.server.consume(stream, end - start)
        },
      }
    },
  },
})
pair.settle()

const streams: H2Stream[] = []
for (let i = 0; i < STREAMS; i++) {
  const fields = [':method', 'CONNECT', ':authority', `10.0.0.${i}:80`]
  const handler: StreamHandler = {
    ...ignoreStream,
    onData: (_buffer, start, end) => {
      received++
      const stream = streams[i]
      if (stream !== undefined) pair.client.consume(stream, end - start)
    },
  }
  streams.push(pair.client.open(fields, handler, false))
}
pair.settle()

const body = Buffer.alloc(FRAME_BYTES, 'x')
const run = (count: number): void => {
  for (let round = 0; round < count; round++) {
    for (const stream of streams) pair.client.data(stream, body, 0, FRAME_BYTES)
    pair.settle()
    pair.client.forgive()
    pair.server.forgive()
  }
}

run(Math.ceil(rounds / 10))
received = 0
const before = process.cpuUsage()
run(rounds)
const spent = process.cpuUsage(before)
const micros = spent.user + spent.system
if (received !== rounds * STREAMS) throw new Error(`${received} frames of ${rounds * STREAMS} came back`)
const perPair = micros / received
process.stdout.write(`${((perPair * 1000) / 2).toFixed(0)} ns per frame, ${perPair.toFixed(3)} µs per pair of frames\n`)
