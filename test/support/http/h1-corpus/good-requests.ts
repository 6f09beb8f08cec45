import { traceNames } from '../../../../src/http/tracing/trace-names.ts'
import { type GoodCase, chunked, good, goodTarget, differing } from './case.ts'
import { WHY } from './why.ts'

const TOKEN = "!#$%&'*+-.^_`|~09azAZ"

/** Requests that every reader understands in one way. */
export const GOOD_REQUESTS: readonly GoodCase[] = [
  good('a GET', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / end'),
  good('a GET without OWS', 'GET / HTTP/1.1\r\nHost:a\r\n\r\n', 'GET / end'),
  good('OWS around values', 'GET / HTTP/1.1\r\nHost: \t a \t \r\nX-A:\t \r\n\r\n', 'GET / end'),
  good('tabs and spaces inside a value', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: b \t c\r\n\r\n', 'GET / end'),
  good('an empty value', 'GET / HTTP/1.1\r\nHost: a\r\nX-A:\r\n\r\n', 'GET / end'),
  good('obs-text in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: caf\xe9\r\n\r\n', 'GET / end'),
  good('colons in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX-A: : b:\r\n\r\n', 'GET / end'),
  good('every character of a token in a name', `GET / HTTP/1.1\r\nHost: a\r\n${TOKEN}: b\r\n\r\n`, 'GET / end'),
  good('a name of one character', 'GET / HTTP/1.1\r\nHost: a\r\nx: b\r\n\r\n', 'GET / end'),
  good('names of objects', 'GET / HTTP/1.1\r\nHost: a\r\n__proto__: b\r\nconstructor: c\r\n\r\n', 'GET / end'),
  good('a field twice', 'GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n', 'GET / end'),
  good('Host last', 'GET / HTTP/1.1\r\nX-A: b\r\nhOsT: a\r\n\r\n', 'GET / end'),
  good('a long value', `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${'b'.repeat(20_000)}\r\n\r\n`, 'GET / end'),
  good('many fields', `GET / HTTP/1.1\r\nHost: a\r\n${'X-A: b\r\n'.repeat(150)}\r\n`, 'GET / end'),
  ...['a:8080', '127.0.0.1', '127.0.0.1:80', '[fd00::1]:80', '[::1]', 'A.Example', 'a.', 'a_b', 'a:', 'xn--a'].map(
    (host) => good(`Host: ${host}`, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'GET / end'),
  ),
  goodTarget('a query', '/a?b=c&d={"e":[1]}', 'a:8080'),
  goodTarget('two question marks', '/a??b?c'),
  goodTarget('characters that no URI has', '/"<>\\^`{|}'),
  goodTarget('broken escapes, for the router to judge', '/%zz%'),
  goodTarget('dots', '/../a/./b'),
  goodTarget('two slashes', '//b/c'),
  goodTarget('an absolute target', 'http://A.b/x', 'a.B:80'),
  goodTarget('an absolute target with the port that Host has', 'http://a:81/', 'a:81'),
  goodTarget('an absolute target in capitals', 'HTTP://A/'),
  goodTarget('an absolute target of https', 'https://a:443/x'),
  goodTarget('an absolute target without a path', 'http://a'),
  goodTarget('an absolute target with a query only', 'http://a?b'),
  goodTarget('an absolute target of IPv6', 'http://[::1]/', '[::1]'),
  good('OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', 'OPTIONS * end'),
  good('OPTIONS of a path', 'OPTIONS /a HTTP/1.1\r\nHost: a\r\n\r\n', 'OPTIONS /a end'),
  good('CONNECT', 'CONNECT a:443 HTTP/1.1\r\nHost: proxy\r\n\r\n', 'CONNECT a:443 close end'),
  good('CONNECT to IPv6', 'CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n', 'CONNECT [::1]:443 close end'),
  ...['HEAD', 'DELETE', 'PATCH', 'PROPFIND', 'TRACE', 'M-SEARCH'].map((method) =>
    good(method, `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`, `${method} / end`),
  ),
  ...differing(WHY.method, [
    good('a method that nobody knows', "X-~'!#$%&*+.^_`| / HTTP/1.1\r\nHost: a\r\n\r\n", "X-~'!#$%&*+.^_`| / end"),
  ]),
  good('a length', 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc', 'POST /a len=3 body:abc end'),
  good(
    'a length in front of Host',
    'POST / HTTP/1.1\r\ncontent-length:1\r\nHost: a\r\n\r\nx',
    'POST / len=1 body:x end',
  ),
  good(
    'a length between blanks',
    'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \t1 \r\n\r\nx',
    'PUT / len=1 body:x end',
  ),
  good('a length of 0', 'PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', 'PUT /a end'),
  good('a GET with a body', 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx', 'GET / len=1 body:x end'),
  ...differing(WHY.padded, [
    good(
      'a padded length',
      'PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0012\r\n\r\n012345678901',
      'PUT /a len=12 body:012345678901 end',
    ),
  ]),
  good(
    'a body that looks like the end of a head',
    'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nab\r\n\r\n\r\n',
    'PUT / len=8 body:ab\r\n\r\n\r\n end',
  ),
  good(
    'a body that looks like a request',
    'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n',
    'PUT / len=18 body:GET / HTTP/1.1\r\n\r\n end',
  ),
  good(
    'a body of all bytes',
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 256\r\n\r\n${allBytes()}`,
    `PUT / len=256 body:${allBytes()} end`,
  ),
  good(
    'Chunked in capitals',
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n',
    'POST / chunked end',
  ),
  ...differing(WHY.codingBlanks, [
    good(
      'chunked between blanks',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\t chunked \t\r\n\r\n0\r\n\r\n',
      'POST / chunked end',
    ),
  ]),
  good(
    'a GET with chunks',
    'GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    'GET / chunked body:a end',
  ),
  good(
    '100-continue',
    'PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\nx',
    'PUT / len=1 continue body:x end',
  ),
  good(
    'another expectation',
    'PUT / HTTP/1.1\r\nHost: a\r\nExpect: more\r\nContent-Length: 1\r\n\r\nx',
    'PUT / len=1 body:x end',
  ),
  ...traceNames.flatMap((name) =>
    [name, name.toUpperCase()].map((written) =>
      good(
        `${written}, which speaks of a trace`,
        `GET / HTTP/1.1\r\nHost: a\r\n${written}: b\r\n\r\n`,
        'GET / trace end',
      ),
    ),
  ),
  good('a name like one of a trace', 'GET / HTTP/1.1\r\nHost: a\r\ntraceparents: b\r\n\r\n', 'GET / end'),
  good('close', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n', 'GET / close end'),
  good(
    'close and keep-alive',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n',
    'GET / close end',
  ),
  good(
    'keep-alive',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\n',
    'GET / end',
  ),
  good(
    'an upgrade',
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'GET / upgrade=websocket end',
  ),
  good(
    'an upgrade to one of two',
    'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c, a/1\r\nUpgrade: b\r\nConnection: upgrade\r\n\r\n',
    'GET / upgrade=h2c, a/1, b end',
  ),
  good(
    'an upgrade with a body',
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\nabc',
    'POST / len=3 upgrade=x body:abc end',
  ),
  good(
    'an upgrade with chunks',
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    'POST / chunked upgrade=x body:a end',
  ),
  good('Upgrade that Connection does not name', 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n', 'GET / end'),
  good('Connection: upgrade without Upgrade', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n', 'GET / end'),
  good('HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 'GET / close end'),
  good('HTTP/1.0 with an absolute target', 'GET http://a/x HTTP/1.0\r\n\r\n', 'GET http://a/x close end'),
  good('HTTP/1.0 with a length', 'POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx', 'POST / len=1 close body:x end'),
  good(
    'HTTP/1.0 that stays',
    'GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\nExpect: 100-continue\r\n\r\n',
    'GET / end',
  ),
  good('an empty line before', '\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / end'),
  good('empty lines before', '\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n', 'GET / end'),
  good('as many empty lines as are taken', '\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'GET / end'),
  good(
    'two pipelined',
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /1 end GET /2 end',
  ),
  good(
    'two with an empty line between',
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /1 end GET /2 end',
  ),
  good(
    'pipelined after bodies',
    `${chunked('1\r\na\r\n0\r\n\r\n')}${chunked('0\r\nX-A: 1\r\n\r\n')}PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET / HTTP/1.1\r\nHost: a\r\n\r\n`,
    'POST / chunked body:a end POST / chunked end(x-a,1) PUT / len=1 body:x end GET / end',
  ),
]

function allBytes(): string {
  return String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))
}
