import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  createBlockWriter,
  dataFrame,
  formatVerdict,
  headersFrame,
  resetFrame,
  settingsFrame,
  formatFrame,
  words,
} from '../../../test/support/http/h2-frames.ts'
import { recordConnection, recordStream } from '../../../test/support/http/h2-recorder.ts'
import type { StreamRecord } from '../../../test/support/http/h2-recorder.ts'
import { H2Connection } from './connection.ts'
import * as h2 from './constants.ts'

type Write = ReturnType<typeof createBlockWriter>

const END_HEADERS = h2.FLAG_END_HEADERS
const END = h2.FLAG_END_STREAM
const connect = [':method', 'CONNECT', ':authority', 'a:80'] as const

describe('a client', () => {
  interface Answer {
    readonly name: string
    readonly method?: string
    readonly send: (write: Write) => readonly Buffer[]
    readonly expect: readonly string[]
    readonly events: readonly string[]
  }
  const answer = (write: Write, flags: number, ...fields: readonly string[]): Buffer =>
    headersFrame(flags | END_HEADERS, 1, write(...fields))
  const refused = { expect: ['stream 1 PROTOCOL_ERROR'], events: ['reset 1'] }
  const answers: readonly Answer[] = [
    { name: 'a body ahead of the head', send: () => [dataFrame(0, 1)], ...refused },
    { name: 'no status', send: (write) => [answer(write, END, 'x', 'y')], ...refused },
    { name: 'a bad status', send: (write) => [answer(write, END, ':status', '20')], ...refused },
    { name: 'two statuses', send: (write) => [answer(write, END, ':status', '200', ':status', '200')], ...refused },
    { name: 'a request field', send: (write) => [answer(write, END, ':status', '200', ':path', '/')], ...refused },
    { name: 'an interim response that ends', send: (write) => [answer(write, END, ':status', '103')], ...refused },
    { name: 'a 101', send: (write) => [answer(write, 0, ':status', '101')], ...refused },
    {
      name: 'a body after an interim response',
      send: (write) => [answer(write, 0, ':status', '100'), dataFrame(0, 1)],
      expect: refused.expect,
      events: ['headers', 'reset 1'],
    },
    {
      name: 'a long list',
      send: (write) => [
        answer(write, 0, ':status', '200', 'x', 'v'.repeat(70_000).slice(0, 16_000), 'y', 'v'.repeat(100)),
      ],
      expect: ['stream 1 ENHANCE_YOUR_CALM'],
      events: ['reset 11'],
    },
    {
      name: 'interim responses, body and trailers',
      send: (write) => [
        answer(write, 0, ':status', '100'),
        answer(write, 0, ':status', '103'),
        answer(write, 0, ':status', '200'),
        dataFrame(0, 1),
        answer(write, END, 'x', 'y'),
      ],
      expect: [],
      events: ['headers', 'headers', 'headers', 'headers+end', 'end'],
    },
    {
      name: 'a second final head',
      send: (write) => [answer(write, 0, ':status', '200'), answer(write, 0, ':status', '200')],
      expect: refused.expect,
      events: ['headers', 'reset 1'],
    },
    {
      name: 'an answer to HEAD with a length',
      method: 'HEAD',
      send: (write) => [answer(write, END, ':status', '200', 'content-length', '9')],
      expect: [],
      events: ['headers+end', 'end'],
    },
    {
      name: 'a 304 with a length',
      send: (write) => [answer(write, END, ':status', '304', 'content-length', '9')],
      expect: [],
      events: ['headers+end', 'end'],
    },
    {
      name: 'an answer without the body of its length',
      send: (write) => [answer(write, END, ':status', '200', 'content-length', '9')],
      ...refused,
    },
    {
      name: 'lengths that differ',
      send: (write) => [answer(write, 0, ':status', '200', 'content-length', '9', 'content-length', '8')],
      ...refused,
    },
    {
      name: 'an answer that the peer resets',
      send: (write) => [answer(write, 0, ':status', '200'), resetFrame(1, 7)],
      expect: [],
      events: ['headers', 'reset 7'],
    },
    {
      name: 'a stream that the server opens',
      send: (write) => [headersFrame(END_HEADERS, 2, write(':status', '200'))],
      expect: ['connection PROTOCOL_ERROR'],
      events: ['reset 1'],
    },
    {
      name: 'an answer to nothing',
      send: (write) => [headersFrame(END_HEADERS, 3, write(':status', '200'))],
      expect: ['connection PROTOCOL_ERROR'],
      events: ['reset 1'],
    },
    {
      name: 'push offered',
      send: () => [settingsFrame([2, 1])],
      expect: ['connection PROTOCOL_ERROR'],
      events: ['reset 1'],
    },
    {
      name: 'a GOAWAY below the stream',
      send: () => [formatFrame(7, 0, 0, words(0, 0))],
      expect: [],
      events: ['reset 7'],
    },
  ]
  for (const { name, method, send, expect, events } of answers) {
    it(`meets ${name}`, () => {
      const connection = recordConnection()
      const client = new H2Connection(connection.handler, { role: 'client', settings: { maxHeaderListBytes: 16_000 } })
      client.start()
      client.feed(settingsFrame())
      const stream: StreamRecord = recordStream()
      client.open(
        [':method', method ?? 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'],
        stream.handler,
        true,
      )
      client.take()
      client.feed(Buffer.concat(send(createBlockWriter())))
      assert.deepEqual(formatVerdict(client.take()), expect)
      assert.deepEqual(stream.events, events)
    })
  }

  it('ignores an answer that comes after its own reset, and stays in step', () => {
    const connection = recordConnection()
    const client = new H2Connection(connection.handler, { role: 'client' })
    client.start()
    const write = createBlockWriter()
    client.feed(settingsFrame())
    const second = recordStream()
    client.reset(client.open(connect, recordStream().handler, false), h2.CANCEL)
    client.open(connect, second.handler, false)
    client.take()
    client.feed(Buffer.concat([answer(write, 0, ':status', '200', 'server', 'a'), dataFrame(0, 1), resetFrame(1)]))
    client.feed(headersFrame(END_HEADERS, 3, write(':status', '200', 'server', 'a')))
    assert.deepEqual(second.heads, [[':status', '200', 'server', 'a']])
    assert.deepEqual(formatVerdict(client.take()), [])
  })
})
