import { type BadCase, type GoodCase, bad, chunked, good, differing } from './case.ts'
import { WHY } from './why.ts'

const goodChunks = (name: string, body: string, events: string): GoodCase =>
  good(name, chunked(body), `POST / chunked ${events}`)

const badChunks = (name: string, body: string): BadCase => bad(name, chunked(body))

/** One chunk of `a` with this size line, then the last one. */
const sized = (line: string): string => `${line}\r\na\r\n0\r\n\r\n`

/** Chunked bodies that every reader understands in one way. */
export const GOOD_CHUNKS: readonly GoodCase[] = [
  goodChunks('chunks', '3\r\nabc\r\nA;x=y;z="q"\r\n0123456789\r\n0\r\n\r\n', 'body:abc0123456789 end'),
  goodChunks('no chunks', '0\r\n\r\n', 'end'),
  goodChunks('zeros for the last chunk', '000\r\n\r\n', 'end'),
  goodChunks('zeros before a size', sized('00000001'), 'body:a end'),
  goodChunks('as many digits as are taken', sized('0000000000000001'), 'body:a end'),
  goodChunks('a size in lower case', `1a\r\n${'b'.repeat(26)}\r\n0\r\n\r\n`, `body:${'b'.repeat(26)} end`),
  goodChunks('data that looks like the end', '7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n', 'body:0\r\n\r\n\r\n end'),
  goodChunks('an extension', sized('1;a'), 'body:a end'),
  goodChunks('an extension with a value', sized('1;a=b'), 'body:a end'),
  goodChunks('an extension with a quoted value', sized('1;a="b c;\\"\\\\"'), 'body:a end'),
  goodChunks('extensions', sized('1;a;b=c;d="";e'), 'body:a end'),
  goodChunks('an extension of the last chunk', '0;a=b\r\n\r\n', 'end'),
  goodChunks('trailers', '1\r\na\r\n0;last\r\nX-Sum: 7\r\nX-B:\r\n\r\n', 'body:a end(x-sum,7,x-b,)'),
  goodChunks('a trailer twice', '0\r\nX-A: 1\r\nX-A: 2\r\n\r\n', 'end(x-a,1,x-a,2)'),
  goodChunks(
    'the status of gRPC',
    '0\r\nGrpc-Status: 0\r\nGrpc-Message: ok\r\n\r\n',
    'end(grpc-status,0,grpc-message,ok)',
  ),
]

/** Chunked bodies that break RFC 9112 or have more than one reading. */
export const BAD_CHUNKS: readonly BadCase[] = [
  ...[
    '',
    'x',
    'g',
    '+1',
    '-1',
    '-0',
    '0x1',
    '0X1',
    '1h',
    '1_0',
    '1.0',
    '1,',
    '"1"',
    ' 1',
    '\t1',
    '1 ',
    '1\t',
    '1 1',
  ].map((size) => badChunks(`the chunk size ${JSON.stringify(size)}`, sized(size))),
  badChunks('a chunk size that overflows 53 bits', '20000000000000\r\na'),
  badChunks('a chunk size that overflows 64 bits', sized('10000000000000001')),
  ...differing(WHY.digits, [
    badChunks('a chunk size of too many digits', sized('00000000000000001')),
    badChunks('a last chunk of too many digits', `${'0'.repeat(17)}\r\n\r\n`),
  ]),
  badChunks('LF after a chunk size', '1\na\r\n0\r\n\r\n'),
  badChunks('CR after a chunk size', '1\rXa\r\n0\r\n\r\n'),
  badChunks('CR CR LF after a chunk size', '1\r\r\na\r\n0\r\n\r\n'),
  badChunks('NUL after a chunk size', '1\0\r\na\r\n0\r\n\r\n'),
  ...[';', ';a;', ';a==b', ';a="b', ';a="b"c', ';a="b\\', ';a b', ';a=b c', ';"a"'].map((extension) =>
    badChunks(`the extension ${JSON.stringify(extension)}`, sized(`1${extension}`)),
  ),
  ...differing(
    WHY.extension,
    [';;a', ';=b', ';a=', ';a=;b', ';a=b"c"'].map((extension) =>
      badChunks(`the extension ${JSON.stringify(extension)}`, sized(`1${extension}`)),
    ),
  ),
  ...[' ;a', '; a', ';a =b', ';a= b', ';a=b ', '\t;a', ';a\t'].map((extension) =>
    badChunks(`the extension ${JSON.stringify(extension)}`, sized(`1${extension}`)),
  ),
  badChunks('LF in an extension', '1;a\nb\r\na\r\n0\r\n\r\n'),
  badChunks('LF after an extension', '1;a\na\r\n0\r\n\r\n'),
  badChunks('CR in an extension', '1;a\rb\r\na\r\n0\r\n\r\n'),
  badChunks('NUL in an extension', sized('1;\0')),
  badChunks('obs-text in an extension', sized('1;\xe9')),
  badChunks('an escaped control in a quoted value', sized('1;a="\\\x01"')),
  badChunks('LF in a quoted value', '1;a="\n"\r\na\r\n0\r\n\r\n'),
  badChunks('a line end in a quoted value', '1;a="\r\n0\r\n\r\n"\r\na\r\n0\r\n\r\n'),
  badChunks('an escaped line end in a quoted value', '1;a="\\\r\n"\r\na\r\n0\r\n\r\n'),
  ...differing(WHY.extensionLength, [badChunks('an extension that is too long', sized(`1;${'x'.repeat(600)}`))]),
  badChunks('chunk data that is too long', '1\r\nab\r\n0\r\n\r\n'),
  badChunks('chunk data that is too short', '2\r\na\r\n0\r\n\r\n'),
  badChunks('no line end after chunk data', '1\r\na0\r\n\r\n'),
  badChunks('LF after chunk data', '1\r\na\n0\r\n\r\n'),
  badChunks('CR after chunk data', '1\r\na\r0\r\n\r\n'),
  badChunks('CR CR after chunk data', '1\r\na\r\r\n0\r\n\r\n'),
  badChunks('two line ends after chunk data', '1\r\na\r\n\r\n0\r\n\r\n'),
  ...['Content-Length: 3', 'Transfer-Encoding: chunked'].map((line) =>
    badChunks(`${line} in the trailers`, `0\r\nX-A: b\r\n${line}\r\n\r\n`),
  ),
  ...differing(
    WHY.trailers,
    [
      'Host: b',
      'Connection: close',
      'Upgrade: h2c',
      'TE: trailers',
      'Authorization: x',
      'Cookie: a=b',
      'Content-Type: a/b',
      'Content-Range: bytes 0-1/2',
      'Range: bytes=0-1',
      'If-Match: "a"',
      'Forwarded: for=a',
      'X-Forwarded-For: a',
      'X-Forwarded-Client-Cert: a',
      'X-Envoy-Internal: true',
      'Expect: 100-continue',
    ].map((line) => badChunks(`${line} in the trailers`, `0\r\nX-A: b\r\n${line}\r\n\r\n`)),
  ),
  badChunks('a bare LF in the trailers', '0\r\nX-A: b\n\r\n'),
  badChunks('a bare CR in the trailers', '0\r\nX-A: b\rc\r\n\r\n'),
  badChunks('NUL in the trailers', '0\r\nX-A: b\0\r\n\r\n'),
  badChunks('a space before the colon in the trailers', '0\r\nX-A : b\r\n\r\n'),
  badChunks('a trailer without a colon', '0\r\nX-A\r\n\r\n'),
  badChunks('a trailer without a name', '0\r\n: b\r\n\r\n'),
  badChunks('white space before the trailers', '0\r\n X-A: b\r\n\r\n'),
  badChunks('obs-fold in the trailers', '0\r\nX-A: b\r\n c\r\n\r\n'),
  badChunks('LF after the last chunk', '0\r\n\n'),
  badChunks('LF only after the last chunk', '0\n\n'),
  badChunks('CR CR after the last chunk', '0\r\n\r\r\n'),
  badChunks('a request in place of the trailers', '0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'),
  bad('an end in a chunk size', chunked('3'), 'truncated'),
  bad('an end in an extension', chunked('3;a'), 'truncated'),
  bad('an end in a chunk', chunked('3\r\nab'), 'truncated'),
  bad('an end before the last chunk', chunked('1\r\na\r\n'), 'truncated'),
  bad('an end before the blank line after the last chunk', chunked('0\r\n'), 'truncated'),
  bad('an end in the trailers', chunked('0\r\nX-A: b\r\n'), 'truncated'),
]
