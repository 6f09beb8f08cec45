import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatVerdict, headersFrame, parseFrames } from '../../../test/support/http/h2-frames.ts'
import { body, connect, createEcho, echo } from '../../../test/support/http/h2-echo.ts'
import { createH2Pair } from '../../../test/support/http/h2-pair.ts'
import { recordConnection, recordStream } from '../../../test/support/http/h2-recorder.ts'
import {
  CANCEL,
  FLAG_END_HEADERS,
  FLAG_END_STREAM,
  FRAME_DATA,
  FRAME_HEADERS,
  NO_ERROR,
  REFUSED_STREAM,
  SETTINGS_TIMEOUT,
} from './constants.ts'

describe('a connection', () => {
  it('exchanges settings', () => {
    const { pair, client, server } = createEcho()
    assert.equal(pair.client.hasSettings, false)
    pair.settle()
    assert.deepEqual(client.events, ['settings'])
    assert.deepEqual(server.events, ['settings'])
    assert.equal(pair.client.freeStreams, 100)
  })

  it('knows whether its settings were answered, and whether a header block is under way', () => {
    const { handler } = recordConnection()
    const { client, server } = createH2Pair({ client: handler, server: handler })
    server.feed(client.take())
    const hello = server.take()
    assert.deepEqual([server.hasSettings, server.isAcknowledged], [true, false])
    client.feed(hello)
    server.feed(client.take())
    assert.deepEqual([server.isAcknowledged, server.unfinishedHeaders], [true, 0])
    server.feed(headersFrame(0, 3, Buffer.alloc(0)))
    assert.equal(server.unfinishedHeaders, 3)
  })

  it('is given up by its owner with a code and a reason', () => {
    const { handler, events } = recordConnection()
    const { server } = createH2Pair({ client: recordConnection().handler, server: handler })
    server.take()
    server.fail(SETTINGS_TIMEOUT, 'too late')
    assert.deepEqual(formatVerdict(server.take()), ['connection SETTINGS_TIMEOUT'])
    assert.equal(server.isOpen, false)
    assert.equal(events.filter((event) => event.startsWith('failure')).length, 1)
  })

  it('says once that there is output until it is taken', () => {
    let calls = 0
    const quiet = recordConnection().handler
    const { client } = createH2Pair({ client: { ...quiet, onOutput: () => calls++ }, server: quiet })
    client.ping()
    client.ping()
    assert.equal(calls, 1)
    client.take()
    assert.equal(client.outputBytes, 0)
    client.ping()
    assert.equal(calls, 2)
  })

  it('answers PING ahead of bodies', () => {
    const { pair, client } = createEcho()
    const stream = pair.client.open(connect, recordStream().handler, false)
    pair.settle()
    pair.client.data(stream, body(1000), 0, 1000)
    pair.client.ping()
    const types = parseFrames(pair.client.take()).map((frame) => frame.type)
    assert.deepEqual(types, [6, FRAME_DATA])
    pair.client.ping()
    pair.settle()
    assert.ok(client.events.includes('pong'))
  })

  for (const cut of [0, 1, 7, 1000]) {
    it(`carries a tunnel both ways, ${cut === 0 ? 'whole' : `cut every ${cut} bytes`}`, () => {
      const { pair, client, server } = createEcho({ cut })
      const sent = body(5000)
      const record = echo(pair, sent, 1200)
      pair.settle()
      assert.deepEqual(server.streams[0]?.fields, [...connect])
      assert.deepEqual(record.heads, [[':status', '200']])
      assert.deepEqual(record.body(), sent)
      assert.deepEqual(record.events, ['headers', 'end'])
      assert.deepEqual([pair.client.openStreams, pair.server.openStreams], [0, 0])
      assert.equal(client.events.filter((event) => event === 'closed').length, 1)
    })
  }

  it('carries text, and ends with the last frame', () => {
    const { pair } = createEcho()
    const stream = pair.client.open(connect, recordStream().handler, false)
    pair.settle()
    pair.client.text(stream, 'GET / HTTP/1.1\r\n')
    pair.client.text(stream, 'x: \xe4\r\n\r\n')
    pair.client.end(stream)
    const frames = parseFrames(pair.client.take())
    assert.deepEqual(
      frames.map(({ type, flags, payload }) => ({ type, flags, bytes: payload.length })),
      [{ type: FRAME_DATA, flags: 1, bytes: 24 }],
    )
  })

  it('carries a request without a body as one frame', () => {
    const { pair, server } = createEcho()
    pair.settle()
    const get = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/']
    pair.client.open(get, recordStream().handler, true)
    const bytes = pair.client.take()
    const [frame, ...more] = parseFrames(bytes)
    assert.deepEqual([frame?.type, frame?.flags, more.length], [FRAME_HEADERS, FLAG_END_STREAM | FLAG_END_HEADERS, 0])
    pair.server.feed(bytes)
    assert.deepEqual(
      server.streams.map(({ fields, isEnd, record }) => ({ fields, isEnd, events: record.events })),
      [{ fields: get, isEnd: true, events: [] }],
    )
  })

  it('resets a stream from either side', () => {
    const { pair, server } = createEcho()
    const first = recordStream()
    const second = recordStream()
    const mine = pair.client.open(connect, first.handler, false)
    pair.client.open(connect, second.handler, false)
    pair.settle()
    pair.client.reset(mine, CANCEL)
    const theirs = server.streams[1]?.stream
    assert.ok(theirs)
    pair.server.reset(theirs, CANCEL)
    pair.settle()
    assert.deepEqual(first.events, ['headers'])
    assert.deepEqual(server.streams[0]?.record.events, [`reset ${CANCEL}`])
    assert.deepEqual(second.events, ['headers', `reset ${CANCEL}`])
    assert.deepEqual([pair.client.openStreams, pair.server.openStreams], [0, 0])
    assert.equal(pair.client.data(mine, body(1), 0, 1), true)
    assert.equal(pair.client.outputBytes, 0)
  })

  it('lives on when frames cross a reset, trailers among them', () => {
    const { pair, server } = createEcho()
    const get = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/']
    const stream = pair.client.open(get, recordStream().handler, false)
    pair.settle()
    const theirs = server.streams[0]?.stream
    assert.ok(theirs)
    pair.server.reset(theirs, CANCEL)
    pair.client.data(stream, body(10), 0, 10)
    pair.client.headers(stream, ['x-new-in-the-table', 'a', 'forwarded', 'for=a'], true)
    pair.settle()
    const after = pair.client.open([...get, 'forwarded', 'for=a'], recordStream().handler, true)
    pair.settle()
    assert.equal(after.id, 3)
    assert.deepEqual(server.streams[1]?.fields, [...get, 'forwarded', 'for=a'])
    assert.equal(pair.server.isOpen, true)
  })

  it('tells every stream when it is aborted', () => {
    const { pair, client } = createEcho()
    const record = recordStream()
    pair.client.open(connect, record.handler, false)
    pair.client.abort(CANCEL)
    pair.client.abort(CANCEL)
    assert.deepEqual(record.events, [`reset ${CANCEL}`])
    assert.equal(pair.client.openStreams, 0)
    assert.deepEqual(client.events, ['closed'])
    assert.throws(() => pair.client.open(connect, record.handler, false), /failed/)
  })

  it('ends when fields cannot be written: the next ones might be read as others', () => {
    const { handler, events } = recordConnection()
    const { client } = createH2Pair({ client: handler, server: recordConnection().handler })
    const other = recordStream()
    client.open([':method', 'GET', ':path', '/a'], other.handler, false)
    // As what is no text would come from JavaScript.
    const broken = [':method', 'GET', ':path', '/b', 'x-new', Symbol('new') as unknown as string]
    assert.throws(() => client.open(broken, recordStream().handler, true))
    assert.deepEqual([client.isOpen, other.events], [false, ['reset 2']])
    assert.equal(events.filter((event) => event.startsWith('failure')).length, 1)
  })

  it('keeps names out of its table on request', () => {
    const { pair, server } = createEcho()
    pair.settle()
    pair.client.neverIndex('x-secret')
    for (let i = 0; i < 3; i++) pair.client.open([...connect, 'x-secret', 'abc'], recordStream().handler, false)
    pair.settle()
    assert.equal(server.streams.length, 3)
    for (const { stream } of server.streams) assert.deepEqual(stream.neverIndexed, ['x-secret'])
  })
})

describe('going away', () => {
  it('serves what comes between the two steps, and ignores what comes after', () => {
    const { pair, client, server } = createEcho()
    pair.settle()
    const first = recordStream()
    const early = pair.client.open(connect, first.handler, false)
    pair.server.announceShutdown()
    // Both still on their way: the stream crosses the first GOAWAY.
    pair.settle()
    assert.equal(pair.client.isOpen, false)
    assert.equal(pair.client.freeStreams, 0)
    assert.throws(() => pair.client.open(connect, first.handler, false), /closing/)
    assert.equal(pair.server.isOpen, true)
    pair.server.shutdown()
    pair.server.shutdown()
    pair.settle()
    pair.client.data(early, body(10), 0, 10)
    pair.client.end(early)
    pair.settle()
    assert.deepEqual(first.events, ['headers', 'end'])
    assert.equal(server.streams.length, 1)
    assert.deepEqual(
      client.events.filter((event) => event.startsWith('goaway')),
      [`goaway 2147483647 ${NO_ERROR}`, `goaway 1 ${NO_ERROR}`],
    )
  })

  it('refuses a stream that crosses the final step, with its body and trailers, and stays in step', () => {
    const { pair, server } = createEcho()
    pair.settle()
    const kept = recordStream()
    const keptStream = pair.client.open(connect, kept.handler, false)
    pair.settle()
    pair.server.shutdown()
    const late = recordStream()
    const post = [':method', 'POST', ':scheme', 'http', ':authority', 'a', ':path', '/']
    const stream = pair.client.open([...post, 'forwarded', 'for=b'], late.handler, false)
    pair.client.data(stream, body(100), 0, 100)
    pair.client.headers(stream, ['user-agent', 'fairway'], true)
    pair.settle()
    assert.deepEqual(late.events, [`reset ${REFUSED_STREAM}`])
    assert.equal(server.streams.length, 1)
    pair.client.data(keptStream, body(7), 0, 7)
    pair.client.end(keptStream)
    pair.settle()
    assert.deepEqual(kept.events, ['headers', 'end'])
    assert.deepEqual(
      server.events.filter((event) => event.startsWith('failure')),
      [],
    )
  })

  it('still says goodbye when the peer did so first', () => {
    const { pair, client } = createEcho()
    pair.settle()
    pair.client.shutdown()
    pair.settle()
    pair.server.shutdown()
    pair.settle()
    assert.ok(client.events.includes(`goaway 0 ${NO_ERROR}`))
  })

  it('refuses streams beyond the limit that it announced', () => {
    const { pair } = createEcho({ server: { settings: { maxConcurrentStreams: 2 } } })
    const records = [0, 1, 2].map(() => {
      const record = recordStream()
      pair.client.open(connect, record.handler, false)
      return record
    })
    pair.settle()
    assert.deepEqual(
      records.map(({ events }) => events),
      [['headers'], ['headers'], [`reset ${REFUSED_STREAM}`]],
    )
    assert.equal(pair.client.freeStreams, 0)
  })
})
