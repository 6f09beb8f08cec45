import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { recordRequests, recordResponses } from '../../../test/support/http/h1-events.ts'
import { HeaderList } from '../header-list.ts'
import {
  CHUNK_END,
  type H1Framing,
  type H1RequestLine,
  type H1ResponseFraming,
  LAST_CHUNK,
  chunkHeader,
  encodeLastChunk,
  encodeRequestHead,
  encodeResponseHead,
  reasonPhrase,
} from './encode.ts'
import { CHUNKED, UNTIL_CLOSE } from './message.ts'

const LINE: H1RequestLine = { method: 'GET', target: '/a?b', host: 'shop:8080' }

describe('a request head', () => {
  const cases: readonly {
    readonly name: string
    readonly line?: Partial<H1RequestLine>
    readonly fields?: string[]
    readonly framing?: Partial<H1Framing>
    readonly text: string
  }[] = [
    { name: 'is a line, Host and the blank line', text: 'GET /a?b HTTP/1.1\r\nhost: shop:8080\r\n\r\n' },
    {
      name: 'keeps fields in order, repeated ones too',
      fields: ['b', '2', 'a', '1', 'b', '\xe9'],
      text: 'GET /a?b HTTP/1.1\r\nhost: shop:8080\r\nb: 2\r\na: 1\r\nb: \xe9\r\n\r\n',
    },
    {
      name: 'takes nothing about framing and connection from the fields',
      fields: [
        ...['host', 'evil', 'content-length', '9', 'transfer-encoding', 'chunked', 'connection', 'x'],
        ...['keep-alive', '5', 'proxy-connection', 'close', 'upgrade', 'y'],
      ],
      line: { method: 'POST' },
      framing: { bodyLength: 3 },
      text: 'POST /a?b HTTP/1.1\r\nhost: shop:8080\r\ncontent-length: 3\r\n\r\n',
    },
    {
      name: 'says of TE that it is for this connection',
      fields: ['a', '1', 'te', 'trailers', 'b', '2'],
      text: 'GET /a?b HTTP/1.1\r\nhost: shop:8080\r\na: 1\r\nconnection: te\r\nte: trailers\r\nb: 2\r\n\r\n',
    },
    {
      name: 'that asks to switch protocols has one option of the connection alone',
      fields: ['te', 'trailers'],
      framing: { upgrade: 'websocket' },
      text: 'GET /a?b HTTP/1.1\r\nhost: shop:8080\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    },
    {
      name: 'says chunked',
      line: { method: 'POST' },
      framing: { bodyLength: CHUNKED },
      text: 'POST /a?b HTTP/1.1\r\nhost: shop:8080\r\ntransfer-encoding: chunked\r\n\r\n',
    },
    {
      name: 'announces an empty body for methods that have one',
      line: { method: 'PUT' },
      text: 'PUT /a?b HTTP/1.1\r\nhost: shop:8080\r\ncontent-length: 0\r\n\r\n',
    },
    {
      name: 'keeps an announced empty body',
      fields: ['content-length', '0'],
      text: 'GET /a?b HTTP/1.1\r\nhost: shop:8080\r\ncontent-length: 0\r\n\r\n',
    },
    {
      name: 'can close',
      framing: { connection: 'close' },
      text: 'GET /a?b HTTP/1.1\r\nhost: shop:8080\r\nconnection: close\r\n\r\n',
    },
    {
      name: 'can upgrade',
      framing: { upgrade: 'websocket' },
      text: 'GET /a?b HTTP/1.1\r\nhost: shop:8080\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    },
  ]
  for (const { name, line, fields, framing, text } of cases) {
    test(name, () => {
      const head = encodeRequestHead({ ...LINE, ...line }, new HeaderList(fields ?? []), { bodyLength: 0, ...framing })
      assert.equal(head, text)
    })
  }
})

describe('a response head', () => {
  const cases: readonly {
    readonly name: string
    readonly status: number
    readonly reason?: string
    readonly fields?: string[]
    readonly framing?: Partial<H1ResponseFraming>
    readonly text: string
  }[] = [
    { name: 'has the registered reason', status: 404, text: 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n' },
    {
      name: 'has a reason of its own',
      status: 200,
      reason: 'Fine',
      text: 'HTTP/1.1 200 Fine\r\ncontent-length: 0\r\n\r\n',
    },
    { name: 'has none for an unknown status', status: 299, text: 'HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n' },
    {
      name: 'says chunked',
      status: 200,
      framing: { bodyLength: CHUNKED },
      text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
    },
    {
      name: 'says close when only the end ends it',
      status: 200,
      framing: { bodyLength: UNTIL_CLOSE, connection: 'keep-alive' },
      text: 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n',
    },
    {
      name: 'keeps a 1.0 client',
      status: 200,
      framing: { connection: 'keep-alive' },
      text: 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n',
    },
    {
      name: 'has no length in a 204',
      status: 204,
      fields: ['content-length', '3'],
      text: 'HTTP/1.1 204 No Content\r\n\r\n',
    },
    { name: 'has no length in a 100', status: 100, text: 'HTTP/1.1 100 Continue\r\n\r\n' },
    {
      name: 'has no length in a 2xx to CONNECT',
      status: 200,
      framing: { method: 'CONNECT' },
      text: 'HTTP/1.1 200 OK\r\n\r\n',
    },
    {
      name: 'has one in a refused CONNECT',
      status: 503,
      framing: { method: 'CONNECT', bodyLength: 4 },
      text: 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\n',
    },
    {
      name: 'keeps the length of what HEAD would get',
      status: 200,
      fields: ['content-length', '77'],
      framing: { method: 'HEAD' },
      text: 'HTTP/1.1 200 OK\r\ncontent-length: 77\r\n\r\n',
    },
    {
      name: 'keeps the length of what 304 stands for',
      status: 304,
      fields: ['content-length', '77'],
      text: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 77\r\n\r\n',
    },
    {
      name: 'does not keep such a length if it is none',
      status: 304,
      fields: ['content-length', '7, 7'],
      text: 'HTTP/1.1 304 Not Modified\r\n\r\n',
    },
    {
      name: 'switches protocols',
      status: 101,
      framing: { upgrade: 'websocket' },
      text: 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
    },
  ]
  for (const { name, status, reason, fields, framing, text } of cases) {
    test(name, () => {
      const head = encodeResponseHead({ status, reason }, new HeaderList(fields ?? []), {
        bodyLength: 0,
        method: 'GET',
        ...framing,
      })
      assert.equal(head, text)
    })
  }
})

describe('nothing is written that could be reread:', () => {
  // Letters whose code ends in 0d, 0a or 00: written as latin1 they would become CR, LF and NUL.
  const poisons = ['a\r\nb: c', 'a\rb', 'a\nb', 'a\0b', 'a\x7fb', 'a\x1bb', '\u010d\u010a', '\u0100', '\u{1f600}']
  for (const poison of poisons) {
    test(JSON.stringify(poison), () => {
      const none = new HeaderList()
      const framing = { bodyLength: 0 }
      const answer = { bodyLength: 0, method: 'GET' }
      const inValue = new HeaderList(['x', poison])
      const inName = new HeaderList([poison, 'x'])
      for (const result of [
        encodeRequestHead({ ...LINE, method: poison }, none, framing),
        encodeRequestHead({ ...LINE, target: `/${poison}` }, none, framing),
        encodeRequestHead({ ...LINE, host: poison }, none, framing),
        encodeRequestHead(LINE, none, { ...framing, upgrade: poison }),
        encodeRequestHead(LINE, inValue, framing),
        encodeRequestHead(LINE, inName, framing),
        encodeResponseHead({ status: 200, reason: poison }, none, answer),
        encodeResponseHead({ status: 200 }, inValue, answer),
        encodeResponseHead({ status: 200 }, inName, answer),
        encodeLastChunk(inValue),
        encodeLastChunk(inName),
      ])
        assert.ok(typeof result !== 'string' && result.code === 'unwritable', JSON.stringify(result))
      const secret = encodeRequestHead(LINE, new HeaderList(['cookie', `session=s3cret${poison}`]), framing)
      assert.ok(typeof secret !== 'string' && /the value of field cookie/.test(secret.message))
      assert.doesNotMatch(secret.message, /s3cret/)
    })
  }

  for (const name of ['', 'a b', 'a:', 'A', 'content-length ', ':path']) {
    test(`the name ${JSON.stringify(name)}`, () => {
      const result = encodeRequestHead(LINE, new HeaderList([name, 'x']), { bodyLength: 0 })
      assert.ok(typeof result !== 'string')
      assert.match(result.message, /field name/)
    })
  }

  const lines: readonly [name: string, line: Partial<H1RequestLine>][] = [
    ['an empty method', { method: '' }],
    ['a method in lower case', { method: 'get' }],
    ['an empty target', { target: '' }],
    ['a space in the target', { target: '/a b' }],
    ['a fragment', { target: '/a#b' }],
    ['an empty host', { host: '' }],
    ['a path as host', { host: 'a/b' }],
  ]
  for (const [name, line] of lines) {
    test(name, () =>
      assert.notEqual(typeof encodeRequestHead({ ...LINE, ...line }, new HeaderList(), { bodyLength: 0 }), 'string'),
    )
  }

  for (const status of [0, 99, 1000, 200.5, Number.NaN]) {
    test(`the status ${status}`, () => {
      const result = encodeResponseHead({ status }, new HeaderList(), { bodyLength: 0, method: 'GET' })
      assert.notEqual(typeof result, 'string')
    })
  }

  for (const bodyLength of [UNTIL_CLOSE, -3, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
    test(`a request body of ${bodyLength} bytes`, () => {
      assert.notEqual(typeof encodeRequestHead(LINE, new HeaderList(), { bodyLength }), 'string')
    })
  }
  for (const bodyLength of [-3, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
    test(`a response body of ${bodyLength} bytes`, () => {
      const result = encodeResponseHead({ status: 200 }, new HeaderList(), { bodyLength, method: 'GET' })
      assert.notEqual(typeof result, 'string')
    })
  }
})

describe('fields that the reader has checked:', () => {
  const read = (): HeaderList => {
    const fields = Array.from({ length: 20 }, (_, i) => `x-${i}: ${i}\r\n`).join('')
    const [request] = recordRequests(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
    assert.ok(request?.kind === 'request')
    return request.head.headers
  }
  const ID_LINE = '\r\nx-request-id: a-b'
  const TRACE_LINE = '\r\ntraceparent: 00-a-b-00'
  const addBoth = (headers: HeaderList): HeaderList => {
    headers.addOwn('a-b', '00-a-b-00', ID_LINE + TRACE_LINE)
    return headers
  }
  const encode = (headers: HeaderList): unknown => encodeRequestHead(LINE, headers, { bodyLength: 0 })
  const changes: Readonly<Record<string, (headers: HeaderList, text: string) => void>> = {
    'a value that was set': (headers, text) => headers.set('x-3', text),
    'a value put in its place': (headers, text) => {
      headers.fields[9] = text
    },
    'a value behind a removed field': (headers, text) => {
      headers.remove('x-0')
      headers.set('x-1', text)
    },
    'a value behind many removed fields': (headers, text) => {
      headers.fields.splice(2, 30)
      headers.fields[5] = text
    },
    'a new field': (headers, text) => headers.add('x-new', text),
    'a new field in front': (headers, text) => headers.fields.unshift('x-new', text),
    'a value for another name': (headers, text) => headers.fields.splice(4, 2, 'x-new', text),
    'the last value': (headers, text) => {
      headers.fields[headers.fields.length - 1] = text
    },
    'what was put in the place of our own': (headers, text) => {
      headers.addOwn(undefined, '00-a-b-00', TRACE_LINE)
      headers.set('traceparent', text)
    },
    'what was put in the place of an id of our own': (headers, text) => {
      headers.addOwn('a-b', undefined, ID_LINE)
      headers.set('x-request-id', text)
    },
    'what was put in the place of the first of ours': (headers, text) => addBoth(headers).set('x-request-id', text),
    'what was put in the place of the second of ours': (headers, text) => addBoth(headers).set('traceparent', text),
    'what was put between ours': (headers, text) => void addBoth(headers).fields.splice(-2, 0, 'x-new', text),
    'what was put before ours': (headers, text) => void addBoth(headers).fields.splice(-4, 0, 'x-new', text),
    'what was put where ours were': (headers, text) => void addBoth(headers).fields.splice(-4, 4, 'x-new', text),
    'what was put where the traceparent was that came with an id': (headers, text) => {
      addBoth(headers).setTraceparent('00-c-d-01')
      headers.set('x-request-id', text)
    },
  }
  for (const [name, change] of Object.entries(changes)) {
    test(`${name} is checked all the same`, () => {
      const bad = read()
      change(bad, 'a\r\nb: c')
      assert.deepEqual(encode(bad), encode(new HeaderList([...bad.fields])))
      assert.notEqual(typeof encode(bad), 'string')
      const clone = bad.clone()
      assert.notEqual(typeof encode(clone), 'string')
      const fine = read()
      change(fine, 'fine')
      assert.equal(encode(fine), encode(new HeaderList([...fine.fields])))
      assert.match(String(encode(fine)), /: fine\r\n/)
    })
  }

  test('a name that was changed is checked all the same', () => {
    const headers = read()
    headers.fields[4] = 'x-1: 1\r\nx'
    assert.notEqual(typeof encode(headers), 'string')
  })

  const ours: readonly (readonly [string, string, (headers: HeaderList) => void])[] = [
    ['traceparent', '00-a-b-00', (headers) => headers.addOwn(undefined, '00-a-b-00', TRACE_LINE)],
    ['x-request-id', 'a-b', (headers) => headers.addOwn('a-b', undefined, ID_LINE)],
    ['traceparent', '00-a-b-00', (headers) => void addBoth(headers)],
    ['x-forwarded-proto', 'http', (headers) => headers.add('x-forwarded-proto', 'http')],
  ]
  for (const [name, value, add] of ours) {
    test(`a name that our own value of ${name} was put behind is checked all the same`, () => {
      const headers = read()
      add(headers)
      assert.ok(String(encode(headers.clone())).includes(`\r\n${name}: ${value}\r\n`))
      headers.fields[headers.fields.length - 2] = 'x\r\ny'
      assert.notEqual(typeof encode(headers), 'string')
    })
  }

  test('what was put in the place of a traceparent goes out, and not what was there', () => {
    const headers = addBoth(new HeaderList(['a', 'b']))
    headers.add('c', 'd')
    assert.match(String(encode(headers)), /a: b\r\nx-request-id: a-b\r\ntraceparent: 00-a-b-00\r\nc: d\r\n\r\n$/)
    headers.setTraceparent('00-c-d-01')
    assert.match(String(encode(headers)), /a: b\r\nx-request-id: a-b\r\ntraceparent: 00-c-d-01\r\nc: d\r\n\r\n$/)
    headers.remove('a')
    assert.match(String(encode(headers)), /\nx-request-id: a-b\r\ntraceparent: 00-c-d-01\r\nc: d\r\n\r\n$/)
  })

  test('names and values that were exchanged are checked all the same', () => {
    const headers = new HeaderList(['x', 'a b'])
    headers.checked = ['x', 'a b']
    headers.fields.reverse()
    assert.notEqual(typeof encode(headers), 'string')
  })
})

test('what is written can be read back, chunks and trailers too', () => {
  const headers = new HeaderList(['x', '1', 'te', 'trailers'])
  const head = encodeRequestHead({ ...LINE, method: 'POST' }, headers, { bodyLength: CHUNKED })
  const last = encodeLastChunk(new HeaderList(['x-sum', '7']))
  const [request, body, end] = recordRequests(
    `${String(head)}${chunkHeader(26)}${'x'.repeat(26)}${CHUNK_END}${String(last)}`,
  )
  assert.ok(request?.kind === 'request' && body?.kind === 'body' && end?.kind === 'end')
  assert.equal(
    request.head.headers.fields.join(' '),
    'host shop:8080 x 1 connection te te trailers transfer-encoding chunked',
  )
  assert.equal(body.text, 'x'.repeat(26))
  assert.deepEqual(end.trailers, ['x-sum', '7'])

  const answer = encodeResponseHead({ status: 200 }, headers, { bodyLength: CHUNKED, method: 'GET' })
  assert.deepEqual(
    recordResponses(`${String(answer)}${LAST_CHUNK}`).map(({ kind }) => kind),
    ['response', 'end'],
  )
})

test('a message without trailers ends with the plain last chunk', () => {
  assert.equal(encodeLastChunk(undefined), LAST_CHUNK)
  assert.equal(encodeLastChunk(new HeaderList()), LAST_CHUNK)
})

test('reason phrases are the registered ones', () => {
  assert.equal(reasonPhrase(503), 'Service Unavailable')
  assert.equal(reasonPhrase(599), '')
})
