/** After CONNECT or an upgrade the connection belongs to another protocol: its bytes are handed over, all and unread. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { H1RequestParser, H1ResponseParser } from './parser.ts'

/** What comes behind the head: bytes that would be messages, or parts of one, if anybody read on. */
const AFTER: Readonly<Record<string, string>> = {
  nothing: '',
  'another request': 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n',
  'another response': 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'an empty line': '\r\n',
  'line ends': '\r\n\r\n\r\n\r\n\r\n\r\n',
  'a last chunk': '0\r\n\r\n',
  'a TLS hello': '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00',
  'the HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00',
  'a WebSocket frame': '\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58',
  zeros: '\0\0\0\0\0\0\0\0',
}

const UPGRADE = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'

const REQUESTS: Readonly<Record<string, string>> = {
  CONNECT: 'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n',
  'CONNECT after empty lines': '\r\n\r\nCONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n',
  'an upgrade': `GET /chat HTTP/1.1\r\n${UPGRADE}\r\n`,
  'an upgrade with a body': `POST /chat HTTP/1.1\r\n${UPGRADE}Content-Length: 4\r\n\r\n\r\n\r\n`,
  'an upgrade with chunks': `POST /chat HTTP/1.1\r\n${UPGRADE}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-A: 1\r\n\r\n`,
}

const RESPONSES: Readonly<Record<string, readonly [method: string, text: string]>> = {
  '101': ['GET', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
  '101 after 100 and 103': [
    'GET',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 101 X\r\nUpgrade: y\r\n\r\n',
  ],
  '200 to CONNECT': ['CONNECT', 'HTTP/1.1 200 OK\r\n\r\n'],
  '299 to CONNECT with a length, which means nothing': ['CONNECT', 'HTTP/1.1 299 X\r\nContent-Length: 7\r\n\r\n'],
  '200 to CONNECT with a coding, which means nothing': [
    'CONNECT',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  ],
}

/** A parser, and whether its message has ended. */
interface Reading {
  readonly parser: { feed(buffer: Buffer, start: number, end: number): number }
  isOver: boolean
  readonly heads: string[]
}

describe('the bytes behind a request go to the tunnel:', () => {
  for (const [name, text] of Object.entries(REQUESTS))
    for (const [what, after] of Object.entries(AFTER))
      test(`${name}, then ${what}`, () => checkHandover(text, after, readRequest))
})

describe('the bytes behind a response go to the tunnel:', () => {
  for (const [name, [method, text]] of Object.entries(RESPONSES))
    for (const [what, after] of Object.entries(AFTER))
      test(`${name}, then ${what}`, () => checkHandover(text, after, () => readResponse(method)))
})

/** However the reads are split, the parser takes the message and the tunnel exactly the rest. */
function checkHandover(text: string, after: string, begin: () => Reading): void {
  const all = text + after
  const bytes = Array.from({ length: all.length }, (_, i) => i)
  for (const cuts of [[], ...bytes.map((at) => [at]), bytes]) {
    const reading = begin()
    let tunnel = ''
    let from = 0
    for (const to of [...cuts, all.length]) {
      const piece = Buffer.from(`${all.slice(from, to)}GET /beyond HTTP/1.1\r\n\r\n`, 'latin1')
      tunnel += piece.toString('latin1', feedUntilOver(reading, piece, to - from), to - from)
      from = to
    }
    assert.ok(reading.isOver)
    assert.equal(reading.heads.length, 1)
    assert.equal(tunnel, after, `cut at ${cuts.join()}`)
  }
}

/** What an owner does: feed until the message is over, and leave the rest alone. */
function feedUntilOver(reading: Reading, piece: Buffer, end: number): number {
  let at = 0
  while (at < end && !reading.isOver) at = reading.parser.feed(piece, at, end)
  return at
}

function readRequest(): Reading {
  const heads: string[] = []
  const parser = new H1RequestParser({
    onRequest: ({ method }) => heads.push(method),
    onBody: () => {},
    onEnd: () => {
      reading.isOver = true
    },
    onFailure: ({ message }) => assert.fail(message),
  })
  const reading: Reading = { parser, isOver: false, heads }
  return reading
}

function readResponse(method: string): Reading {
  const heads: string[] = []
  const parser = new H1ResponseParser({
    onInformational: () => {},
    onResponse: ({ status, bodyLength, keepAlive }) => {
      heads.push(String(status))
      assert.ok(bodyLength === 0 && !keepAlive)
    },
    onBody: () => assert.fail('a body'),
    onEnd: () => {
      reading.isOver = true
    },
    onFailure: ({ message }) => assert.fail(message),
  })
  parser.expect(method)
  const reading: Reading = { parser, isOver: false, heads }
  return reading
}
