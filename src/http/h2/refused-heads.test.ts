import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clientPreface,
  createBlockWriter,
  dataFrame,
  formatVerdict,
  parseFrames,
} from '../../../test/support/http/h2-frames.ts'
import { headersFrame, settingsFrame, windowFrame } from '../../../test/support/http/h2-frames.ts'
import { recordConnection } from '../../../test/support/http/h2-recorder.ts'
import { createDating } from '../date.ts'
import { HpackDecoder } from '../hpack/decoder.ts'
import { H2Connection } from './connection.ts'
import type { ConnectionOptions, RefusedHead } from './connection.ts'
import { FLAG_END_HEADERS, FLAG_END_STREAM } from './constants.ts'
import { ignoreStream } from './stream.ts'
import type { H2Stream } from './stream.ts'

const good = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/']
const whole = FLAG_END_HEADERS | FLAG_END_STREAM

interface ServeOptions extends Pick<ConnectionOptions, 'addDate'> {
  readonly maxHeaderListBytes?: number
}

/** A server that was told of one head, and what came of it. */
const serve = (
  fields: readonly string[],
  flags: number,
  { maxHeaderListBytes = 65_536, ...more }: ServeOptions = {},
) => {
  const refused: RefusedHead[] = []
  const streams: H2Stream[] = []
  const { handler } = recordConnection()
  const server = new H2Connection(
    {
      ...handler,
      onStream: (stream) => {
        streams.push(stream)
        return ignoreStream
      },
      onRefused: (head) => refused.push(head),
    },
    { role: 'server', settings: { maxHeaderListBytes }, ...more },
  )
  server.start()
  server.feed(Buffer.concat([clientPreface, settingsFrame()]))
  server.take()
  server.feed(headersFrame(flags, 1, createBlockWriter()(...fields)))
  return { server, refused, streams }
}

const heads: readonly (readonly [what: string, fields: readonly string[], status: number, why: RegExp])[] = [
  ['a field of the connection', [...good, 'connection', 'close'], 0, /^connection-specific field connection$/],
  ['a content-length without content', [...good, 'content-length', '4'], 0, /content-length/],
  ['too much', [...good, 'x', 'x'.repeat(5000)], 431, /^the header list is longer than 4096 bytes$/],
]
for (const [what, fields, status, why] of heads) {
  test(`a server is told of a head that is refused for ${what}, and of no stream`, () => {
    const { refused, streams } = serve(fields, whole, { maxHeaderListBytes: 4096 })
    assert.deepEqual([refused.length, refused[0]?.status, streams.length], [1, status, 0])
    assert.match(refused[0]?.why ?? '', why)
    assert.deepEqual(refused[0]?.fields.slice(0, 2), [':method', 'POST'])
  })
}

test('a server is told of nothing when a head is good', () => {
  const { refused, streams } = serve(good, whole)
  assert.deepEqual([refused, streams.length, streams[0]?.fault], [[], 1, undefined])
})

test('an answer to a head that is too large has the time, and none where nobody has a clock', () => {
  const addDate = createDating(() => Date.UTC(2026, 0, 2))
  const date = ['date', 'Fri, 02 Jan 2026 00:00:00 GMT']
  for (const [options, time] of [[{ addDate }, date] as const, [{}, []] as const]) {
    const { server } = serve([...good, 'x', 'x'.repeat(5000)], whole, { maxHeaderListBytes: 4096, ...options })
    const payload = parseFrames(server.take())[0]?.payload ?? Buffer.alloc(0)
    const result = new HpackDecoder().decode(payload, 0, payload.length)
    assert.deepEqual(result.kind === 'ok' && result.fields, [':status', '431', ...time])
  }
})

const behind: Readonly<Record<string, { readonly more: readonly string[]; readonly frame: Buffer; why: RegExp }>> = {
  'a body that is too short': {
    more: ['content-length', '10'],
    frame: dataFrame(FLAG_END_STREAM, 1),
    why: /as long as/,
  },
  'a window of nothing': { more: [], frame: windowFrame(1, 0), why: /^a WINDOW_UPDATE of 0 bytes$/ },
  'trailers that are none': {
    more: [],
    frame: headersFrame(whole, 1, createBlockWriter()(':path', '/')),
    why: /^malformed trailers$/,
  },
}
for (const [what, { more, frame, why }] of Object.entries(behind)) {
  test(`a stream says why it was reset for ${what}`, () => {
    const { server, streams } = serve([...good, ...more], FLAG_END_HEADERS)
    server.feed(frame)
    assert.deepEqual(formatVerdict(server.take()), ['stream 1 PROTOCOL_ERROR'])
    assert.match(streams[0]?.fault ?? '', why)
  })
}
