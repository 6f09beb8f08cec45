import type { H1Failure } from '../../../src/http/h1/message.ts'
import { type H1Event, recordRequests, recordResponses } from './h1-events.ts'

/** A byte sequence that must be read, and the events in short: `POST /a len=3 body:abc end`. */
export interface GoodCase {
  readonly name: string
  readonly text: string
  readonly events: string
  readonly methods?: readonly string[]
}

/** A byte sequence that must be refused, and with which code. */
export interface BadCase {
  readonly name: string
  readonly text: string
  readonly code: H1Failure['code']
  readonly methods?: readonly string[]
}

/** Requests that every reader understands in one way. */
export const GOOD_REQUESTS: readonly GoodCase[] = [
  good('a GET', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / end'),
  good('a GET without OWS', 'GET / HTTP/1.1\r\nHost:a\r\n\r\n', 'GET / end'),
  good('OWS around values', 'GET / HTTP/1.1\r\nHost: \t a \t \r\nX-A:\t \r\n\r\n', 'GET / end'),
  good('an empty value', 'GET / HTTP/1.1\r\nHost: a\r\nX-A:\r\n\r\n', 'GET / end'),
  good('obs-text in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: caf\xe9\r\n\r\n', 'GET / end'),
  good('a query', 'GET /a?b=c&d={"e":[1]} HTTP/1.1\r\nHost: a:8080\r\n\r\n', 'GET /a?b=c&d={"e":[1]} end'),
  good('an IPv6 host', 'GET / HTTP/1.1\r\nHost: [fd00::1]:80\r\n\r\n', 'GET / end'),
  good('an absolute target', 'GET http://A.b/x HTTP/1.1\r\nHost: a.B:80\r\n\r\n', 'GET http://A.b/x end'),
  good('OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'OPTIONS * end'),
  good('CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: proxy\r\n\r\n', 'CONNECT a:443 close end'),
  good('an unknown method', 'M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n', 'M-SEARCH / end'),
  good('a length', 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc', 'POST /a len=3 body:abc end'),
  good('a length of 0', 'PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', 'PUT /a end'),
  good(
    'a padded length',
    'PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0012\r\n\r\n012345678901',
    'PUT /a len=12 body:012345678901 end',
  ),
  good(
    'a body that looks like the end of a head',
    'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nab\r\n\r\n\r\n',
    'PUT / len=8 body:ab\r\n\r\n\r\n end',
  ),
  good(
    'chunks',
    chunked('3\r\nabc\r\nA;x=y;z="q"\r\n0123456789\r\n0\r\n\r\n'),
    'POST / chunked body:abc0123456789 end',
  ),
  good('no chunks', chunked('000\r\n\r\n'), 'POST / chunked end'),
  good('trailers', chunked('1\r\na\r\n0;last\r\nX-Sum: 7\r\nX-B:\r\n\r\n'), 'POST / chunked body:a end(x-sum,7,x-b,)'),
  good(
    'Chunked in capitals',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n',
    'POST / chunked end',
  ),
  good(
    '100-continue',
    'PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx',
    'PUT / len=1 continue body:x end',
  ),
  good('close', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n', 'GET / close end'),
  good(
    'an upgrade',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'GET / upgrade=websocket end',
  ),
  good('Upgrade that Connection does not name', 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n', 'GET / end'),
  good('HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 'GET / close end'),
  good(
    'HTTP/1.0 that stays',
    'GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\nExpect: 100-continue\r\n\r\n',
    'GET / end',
  ),
  good('empty lines before', '\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n', 'GET / end'),
  good(
    'two pipelined',
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /1 end GET /2 end',
  ),
  good(
    'pipelined after bodies',
    `${chunked('1\r\na\r\n0\r\n\r\n')}${chunked('0\r\nX-A: 1\r\n\r\n')}PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET / HTTP/1.1\r\nHost: a\r\n\r\n`,
    'POST / chunked body:a end POST / chunked end(x-a,1) PUT / len=1 body:x end GET / end',
  ),
]

/** Requests that break RFC 9112 or have more than one reading. */
export const BAD_REQUESTS: readonly BadCase[] = [
  field('both lengths', 'Content-Length: 3\r\nTransfer-Encoding: chunked'),
  field('both lengths, the other way round', 'Transfer-Encoding: chunked\r\nContent-Length: 3'),
  field('two lengths', 'Content-Length: 3\r\nContent-Length: 4'),
  field('two equal lengths', 'Content-Length: 3\r\nContent-Length: 3'),
  field('a list of lengths', 'Content-Length: 3, 3'),
  field('a signed length', 'Content-Length: +3'),
  field('a negative length', 'Content-Length: -3'),
  field('a hexadecimal length', 'Content-Length: 0x3'),
  field('an exponent as length', 'Content-Length: 1e3'),
  field('an empty length', 'Content-Length:'),
  field('a length of 2^53', 'Content-Length: 9007199254740992'),
  field('a length of 2^64 + 1', 'Content-Length: 18446744073709551617'),
  field('a length with a space', 'Content-Length: 3 3'),
  field('gzip', 'Transfer-Encoding: gzip, chunked', 'unsupported-coding'),
  field('identity', 'Transfer-Encoding: identity'),
  field('chunked twice', 'Transfer-Encoding: chunked, chunked'),
  field('chunked in two fields', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'),
  field('chunked with a parameter', 'Transfer-Encoding: chunked;q=1'),
  field('chunked with a vertical tab', 'Transfer-Encoding: \x0bchunked'),
  field('obs-fold', 'X-A: b\r\n c'),
  field('obs-fold with a tab', 'X-A: b\r\n\tContent-Length: 3'),
  field('white space before the first field', ' X-A: b'),
  field('a space before the colon', 'Content-Length : 3'),
  field('a tab before the colon', 'X-A\t: 3'),
  field('a bare LF', 'X-A: b\nX-C: d'),
  field('a bare CR', 'X-A: b\rX-C: d'),
  field('CR CR LF', 'X-A: b\r'),
  field('NUL in a value', 'X-A: b\0c'),
  field('DEL in a value', 'X-A: b\x7f'),
  field('an escape in a value', 'X-A: \x1b[0m'),
  field('NUL in a name', 'X\0A: b'),
  field('obs-text in a name', 'X-\xe9: b'),
  field('a separator in a name', 'X(A: b'),
  field('an empty name', ': b'),
  field('a line without a colon', 'X-A'),
  field('a second Host', 'Host: a'),
  field('a different second Host', 'hOST: b'),
  bad('no Host', 'GET / HTTP/1.1\r\nX-A: b\r\n\r\n'),
  ...['', 'a b', 'a,b', 'a/b', 'u@a', 'a:b', 'a:123456', '[::1', 'a?b', 'a#b', '[::1]x', 'a\xe9'].map((host) =>
    bad(`Host: ${host}`, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  ),
  line('another host in the target', 'GET http://b/ HTTP/1.1'),
  line('another port in the target', 'GET http://a:81/ HTTP/1.1'),
  line('userinfo in the target', 'GET http://u@a/ HTTP/1.1'),
  line('another scheme', 'GET ftp://a/ HTTP/1.1'),
  line('no scheme', 'GET a HTTP/1.1'),
  line('an authority for GET', 'GET a:80 HTTP/1.1'),
  line('* for GET', 'GET * HTTP/1.1'),
  line('a fragment', 'GET /a#b HTTP/1.1'),
  line('obs-text in the target', 'GET /\xe9 HTTP/1.1'),
  line('a control in the target', 'GET /\x01 HTTP/1.1'),
  line('a tab in the target', 'GET /a\tb HTTP/1.1'),
  line('a space in the target', 'GET /a b HTTP/1.1'),
  line('two spaces before the target', 'GET  / HTTP/1.1'),
  line('two spaces before the version', 'GET /  HTTP/1.1'),
  line('a space after the version', 'GET / HTTP/1.1 '),
  line('a space before the method', ' GET / HTTP/1.1'),
  line('a tab after the method', 'GET\t/ HTTP/1.1'),
  line('no target', 'GET HTTP/1.1'),
  line('no method', '/ HTTP/1.1'),
  line('a method in lower case', 'get / HTTP/1.1'),
  line('a separator in the method', 'G(T / HTTP/1.1'),
  line('a method that is too long', `${'M'.repeat(33)} / HTTP/1.1`),
  line('HTTP/0.9', 'GET /'),
  line('a version in lower case', 'GET / http/1.1'),
  line('a version of two digits', 'GET / HTTP/1.10'),
  line('HTTP/2.0', 'GET / HTTP/2.0', 'unsupported-version'),
  line('HTTP/1.2', 'GET / HTTP/1.2', 'unsupported-version'),
  line('HTTP/0.9 spelled out', 'GET / HTTP/0.9', 'unsupported-version'),
  bad('the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'unsupported-version'),
  line('CONNECT to a path', 'CONNECT / HTTP/1.1'),
  line('CONNECT without a port', 'CONNECT a HTTP/1.1'),
  line('CONNECT with content', 'CONNECT a:1 HTTP/1.1\r\nContent-Length: 1'),
  bad('Transfer-Encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  bad('LF only', 'GET / HTTP/1.1\nHost: a\n\n'),
  bad('a TLS hello', '\x16\x03\x01\x02\x00\x01'),
  bad('too many empty lines', '\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  bad('a bare CR before the request', '\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  bad('a bare LF before the request', '\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  ...[
    ['an empty chunk size', '\r\n\r\n'],
    ['a chunk size that is no number', 'x\r\n'],
    ['a signed chunk size', '+1\r\na\r\n0\r\n\r\n'],
    ['0x before a chunk size', '0x1\r\na\r\n0\r\n\r\n'],
    ['a space before a chunk size', ' 1\r\na\r\n0\r\n\r\n'],
    ['a space after a chunk size', '1 \r\na\r\n0\r\n\r\n'],
    ['a chunk size that overflows', '20000000000000\r\na'],
    ['a chunk size of too many digits', '00000000000000001\r\na'],
    ['LF after a chunk size', '1\na\r\n0\r\n\r\n'],
    ['CR after a chunk size', '1\rXa\r\n0\r\n\r\n'],
    ['LF in an extension', '1;a\nb\r\na\r\n0\r\n\r\n'],
    ['CR in an extension', '1;a\rb\r\na\r\n0\r\n\r\n'],
    ['NUL in an extension', '1;\0\r\na\r\n0\r\n\r\n'],
    ['obs-text in an extension', '1;\xe9\r\na\r\n0\r\n\r\n'],
    ['an extension that is too long', `1;${'x'.repeat(600)}\r\na\r\n0\r\n\r\n`],
    ['chunk data that is too long', '1\r\nab\r\n0\r\n\r\n'],
    ['LF after chunk data', '1\r\na\n0\r\n\r\n'],
    ['CR CR after chunk data', '1\r\na\r\r\n0\r\n\r\n'],
    ['a length in the trailers', '0\r\nContent-Length: 3\r\n\r\n'],
    ['a coding in the trailers', '0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a Host in the trailers', '0\r\nX-A: b\r\nHOST: b\r\n\r\n'],
    ['a bare LF in the trailers', '0\r\nX-A: b\n\r\n'],
    ['a trailer without a colon', '0\r\nX-A\r\n\r\n'],
    ['obs-fold in the trailers', '0\r\nX-A: b\r\n c\r\n\r\n'],
    ['LF after the last chunk', '0\r\n\n'],
    ['CR CR after the last chunk', '0\r\n\r\r\n'],
  ].map(([name = '', body = '']) => bad(name, chunked(body))),
  bad('an end in the request line', 'GET / HT', 'truncated'),
  bad('an end in the head', 'GET / HTTP/1.1\r\nHost: a\r\n', 'truncated'),
  bad('an end in the body', 'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab', 'truncated'),
  bad('an end in a chunk', chunked('3\r\nab'), 'truncated'),
  bad('an end before the last chunk', chunked('1\r\na\r\n'), 'truncated'),
  bad('an end before the blank line after the last chunk', chunked('0\r\n'), 'truncated'),
]

/** Responses that every reader understands in one way. */
export const GOOD_RESPONSES: readonly GoodCase[] = [
  good('a length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', '200 len=2 body:ok end'),
  good('a length of 0', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', '200 end'),
  good(
    'chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: 1\r\n\r\n',
    '200 chunked body:ok end(x-a,1)',
  ),
  good(
    'a body until close',
    'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    '200 until-close close body:HTTP/1.1 200 OK\r\n\r\n end',
  ),
  good('no body until close', 'HTTP/1.0 200 OK\r\n\r\n', '200 until-close close end'),
  good('no reason', 'HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n', '299 end'),
  good('no reason and no space', 'HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n', '200 end'),
  good('a reason with obs-text', 'HTTP/1.1 200 d\xe9 j\xe0\r\nContent-Length: 0\r\n\r\n', '200 end'),
  good('204', 'HTTP/1.1 204 No Content\r\n\r\n', '204 end'),
  good('204 with a length', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', '204 close end'),
  good('304 with a length', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', '304 end'),
  good('HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx', '200 len=1 close body:x end'),
  good(
    'HTTP/1.0 that stays',
    'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx',
    '200 len=1 body:x end',
  ),
  good('close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx', '200 len=1 close body:x end'),
  good(
    'two in a row',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 404 N\r\nContent-Length: 1\r\n\r\ny',
    '200 len=1 body:x end 404 len=1 body:y end',
  ),
  good(
    '100 and 103 before',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204 N\r\n\r\n',
    '(100) (103) 204 end',
  ),
  good(
    'HEAD',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    '200 end 200 len=1 body:x end',
    ['HEAD', 'GET'],
  ),
  good('HEAD with chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', '200 end', ['HEAD']),
  good('HEAD without a length', 'HTTP/1.1 200 OK\r\n\r\n', '200 end', ['HEAD']),
  good(
    'a switch of protocols',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n',
    '101 close end',
    ['GET'],
  ),
  good('a tunnel', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n', '200 close end', ['CONNECT']),
  good('no tunnel', 'HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx', '403 len=1 body:x end', ['CONNECT']),
]

/** Responses that break RFC 9112 or have more than one reading. */
export const BAD_RESPONSES: readonly BadCase[] = [
  bad('both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok'),
  bad('two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'),
  bad('gzip', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'),
  bad('chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  bad('content in a 100', 'HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\n'),
  bad('chunks in a 103', 'HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n'),
  bad('chunks in a 101', 'HTTP/1.1 101 Switching\r\nTransfer-Encoding: chunked\r\n\r\n'),
  bad('HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'unsupported-version'),
  bad('another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'),
  bad('an empty line before', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
  bad('a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'),
  bad('a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'),
  bad('a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'),
  bad('a status that is no number', 'HTTP/1.1 2x0 OK\r\n\r\n'),
  bad('two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'),
  bad('a control in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n'),
  bad('a bare LF', 'HTTP/1.1 200 OK\n\n'),
  bad('obs-fold', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\r\n'),
  bad('a response nobody asked for', 'HTTP/1.1 204 N\r\n\r\nHTTP/1.1 204 N\r\n\r\n', 'bad-request', ['GET']),
  bad('more than a HEAD may have', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'bad-request', ['HEAD']),
  bad('informational responses without end', 'HTTP/1.1 100 C\r\n\r\n'.repeat(101)),
  bad('an end in the head', 'HTTP/1.1 200 OK\r\n', 'truncated', ['GET']),
  bad('an end in the body', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok', 'truncated', ['GET']),
  bad('an end in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok', 'truncated', ['GET']),
  bad('nothing', '', 'truncated', ['GET']),
]

/** Events in the short form of `GoodCase`. */
export function formatEvents(events: readonly H1Event[]): string {
  return events.map(formatEvent).join(' ')
}

/** The recording that fits a response case: without `methods`, as many GETs as responses come. */
export function recordCase(direction: 'request' | 'response', test: GoodCase | BadCase, cuts: readonly number[]) {
  if (direction === 'request') return recordRequests(test.text, { cuts })
  return recordResponses(test.text, test.methods === undefined ? { cuts } : { cuts, methods: test.methods })
}

function formatEvent(event: H1Event): string {
  switch (event.kind) {
    case 'request': {
      const { method, target, expectsContinue, upgrade } = event.head
      const flags = `${expectsContinue ? ' continue' : ''}${upgrade === undefined ? '' : ` upgrade=${upgrade}`}`
      return `${method} ${target}${formatFraming(event.head)}${flags}`
    }
    case 'informational':
      return `(${event.head.status})`
    case 'response':
      return `${event.head.status}${formatFraming(event.head)}`
    case 'body':
      return `body:${event.text}`
    case 'end':
      return event.trailers === undefined ? 'end' : `end(${event.trailers.join(',')})`
    case 'failure':
      return `failure:${event.code}:${event.status}`
  }
}

function formatFraming(head: { readonly bodyLength: number; readonly keepAlive: boolean }): string {
  const { bodyLength, keepAlive } = head
  const framing =
    bodyLength === 0 ? '' : bodyLength > 0 ? ` len=${bodyLength}` : bodyLength === -1 ? ' chunked' : ' until-close'
  return `${framing}${keepAlive ? '' : ' close'}`
}

function good(name: string, text: string, events: string, methods?: readonly string[]): GoodCase {
  return methods === undefined ? { name, text, events } : { name, text, events, methods }
}

function bad(
  name: string,
  text: string,
  code: H1Failure['code'] = 'bad-request',
  methods?: readonly string[],
): BadCase {
  return methods === undefined ? { name, text, code } : { name, text, code, methods }
}

function field(name: string, lines: string, code?: H1Failure['code']): BadCase {
  return bad(name, `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`, code)
}

function line(name: string, requestLine: string, code?: H1Failure['code']): BadCase {
  return bad(name, `${requestLine}\r\nHost: a\r\n\r\n`, code)
}

function chunked(body: string): string {
  return `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`
}
