import { type BadCase, type GoodCase, bad, good, differing } from './case.ts'
import { WHY } from './why.ts'

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
  good('a reason of one space', 'HTTP/1.1 200  \r\nContent-Length: 0\r\n\r\n', '200 end'),
  good('a reason with a tab', 'HTTP/1.1 200 O\tK\r\nContent-Length: 0\r\n\r\n', '200 end'),
  good('a status that is not registered', 'HTTP/1.1 799 X\r\nContent-Length: 0\r\n\r\n', '799 end'),
  good('the highest status', 'HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n', '999 end'),
  good('a field twice', 'HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n', '200 end'),
  good('an empty field', 'HTTP/1.1 200 OK\r\nX-A:\r\nContent-Length: 0\r\n\r\n', '200 end'),
  good('obs-text in a field', 'HTTP/1.1 200 OK\r\nX-A: \xe9\r\nContent-Length: 0\r\n\r\n', '200 end'),
  good('205 with content', 'HTTP/1.1 205 Reset\r\nContent-Length: 1\r\n\r\nx', '205 len=1 body:x end'),
  ...differing(WHY.padded, [
    good('a padded length', 'HTTP/1.1 200 OK\r\nContent-Length: 02\r\n\r\nok', '200 len=2 body:ok end'),
  ]),
  good(
    'an extension and trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nGrpc-Status: 0\r\n\r\n',
    '200 chunked body:ok end(grpc-status,0)',
  ),
  good(
    'trailers that could stand in the head',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: a\r\nX-Envoy-A: 1\r\n\r\n',
    '200 chunked end(set-cookie,a,x-envoy-a,1)',
  ),
  ...differing(WHY.trailers, [
    good(
      'a length among the trailers, which is left out',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 7\r\nX-A: 1\r\n\r\n',
      '200 chunked end(x-a,1)',
    ),
  ]),
  good(
    'chunks and then the close',
    'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    '200 chunked close end',
  ),
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
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n',
    '101 close end',
    ['GET'],
  ),
  good('a tunnel', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n', '200 close end', ['CONNECT']),
  ...differing(WHY.noTunnel, [
    good('no tunnel', 'HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx', '403 len=1 body:x end', ['CONNECT']),
  ]),
]

/** Responses that break RFC 9112 or have more than one reading. */
export const BAD_RESPONSES: readonly BadCase[] = [
  bad('both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok'),
  bad('two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'),
  bad('two lengths that differ', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'),
  bad(
    'both lengths in answer to HEAD',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n',
    'bad-request',
    ['HEAD'],
  ),
  bad('both lengths in a 304', 'HTTP/1.1 304 N\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n'),
  ...['2, 2', '+2', '-2', '0x2', '', '2 2', '9007199254740992', '18446744073709551618'].map((length) =>
    bad(`Content-Length: ${length}`, `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nok`),
  ),
  ...differing(
    WHY.coding,
    ['identity', 'chunked, chunked', 'chunked, gzip', 'xchunked', '"chunked"', 'chunked;a'].map((coding) =>
      bad(`Transfer-Encoding: ${coding}`, `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`),
    ),
  ),
  bad('an empty coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n'),
  ...differing(WHY.codings, [
    bad(
      'gzip before chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
      'unsupported-coding',
    ),
    bad(
      'chunked twice',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ),
  ]),
  ...differing(WHY.underscore, [bad('a length spelled with _', 'HTTP/1.1 200 OK\r\nContent_Length: 2\r\n\r\nok')]),
  ...differing(WHY.coding, [bad('gzip', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n')]),
  ...differing(WHY.codingIn10, [
    bad('chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
  ]),
  ...differing(WHY.content1xx, [
    bad('content in a 100', 'HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\n'),
    bad('chunks in a 103', 'HTTP/1.1 103 Early\r\nTransfer-Encoding: chunked\r\n\r\n'),
    bad('chunks in a 101', 'HTTP/1.1 101 Switching\r\nTransfer-Encoding: chunked\r\n\r\n'),
    bad('a length in a 101', 'HTTP/1.1 101 Switching\r\nContent-Length: 2\r\n\r\n'),
  ]),
  ...differing(WHY.surplus, [
    bad('a body in a 204', 'HTTP/1.1 204 N\r\nContent-Length: 2\r\n\r\nok', 'bad-request', ['GET']),
    bad('a body in a 304', 'HTTP/1.1 304 N\r\nContent-Length: 2\r\n\r\nok', 'bad-request', ['GET']),
    bad('more than a HEAD may have', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'bad-request', ['HEAD']),
  ]),
  ...differing(WHY.version, [
    bad('HTTP/0.9', 'HTTP/0.9 200 OK\r\n\r\n', 'unsupported-version'),
    bad('HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'unsupported-version'),
  ]),
  bad('HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', 'unsupported-version'),
  ...['HTTP/1.10', 'http/1.1', 'HTTP/1', 'HTTP/01.1', 'HTTP/1.1x', 'ICY', 'HTTPS/1.1'].map((version) =>
    bad(`the version ${version}`, `${version} 200 OK\r\nContent-Length: 0\r\n\r\n`),
  ),
  bad('another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'),
  ...differing(WHY.emptyLines, [bad('an empty line before', '\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')]),
  bad('a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'),
  bad('a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'),
  ...differing(WHY.status, [
    bad('a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'),
    bad('a status of 000', 'HTTP/1.1 000 OK\r\n\r\n'),
  ]),
  bad('a status that is no number', 'HTTP/1.1 2x0 OK\r\n\r\n'),
  bad('two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'),
  bad('no status', 'HTTP/1.1 \r\n\r\n'),
  bad('a status of one digit', 'HTTP/1.1 2 OK\r\n\r\n'),
  bad('a negative status', 'HTTP/1.1 -20 OK\r\n\r\n'),
  bad('a tab before the status', 'HTTP/1.1\t200 OK\r\n\r\n'),
  bad('a tab after the status', 'HTTP/1.1 200\tOK\r\n\r\n'),
  bad('a space before the version', ' HTTP/1.1 200 OK\r\n\r\n'),
  ...differing(WHY.reason, [
    bad('NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n'),
    bad('a control in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n'),
  ]),
  bad('a bare CR in the reason', 'HTTP/1.1 200 O\rK\r\n\r\n'),
  bad('a bare LF after the status', 'HTTP/1.1 200\nContent-Length: 0\r\n\r\n'),
  bad('a bare CR after the status line', 'HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n'),
  bad('CR CR LF after the status line', 'HTTP/1.1 200 OK\r\r\nContent-Length: 0\r\n\r\n'),
  bad('a bare LF among the fields', 'HTTP/1.1 200 OK\r\nX-A: b\nContent-Length: 0\r\n\r\n'),
  bad('a bare LF for the blank line', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n'),
  bad('a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'),
  bad('white space before the first field', 'HTTP/1.1 200 OK\r\n X-A: b\r\n\r\n'),
  bad('a field without a colon', 'HTTP/1.1 200 OK\r\nX-A\r\n\r\n'),
  bad('an empty name', 'HTTP/1.1 200 OK\r\n: b\r\n\r\n'),
  bad('NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: \0\r\n\r\n'),
  bad('NUL in a name', 'HTTP/1.1 200 OK\r\nX\0A: b\r\n\r\n'),
  bad('a signed chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n'),
  bad('a space after a chunk size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n'),
  bad('LF after chunk data', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n'),
  ...differing(WHY.trailers, [
    bad(
      'a coding in the trailers',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n',
    ),
  ]),
  bad('a bare LF', 'HTTP/1.1 200 OK\n\n'),
  bad('obs-fold', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\r\n'),
  bad('a response nobody asked for', 'HTTP/1.1 204 N\r\n\r\nHTTP/1.1 204 N\r\n\r\n', 'bad-request', ['GET']),
  ...differing(WHY.flood, [bad('informational responses without end', 'HTTP/1.1 100 C\r\n\r\n'.repeat(101))]),
  bad('an end in the status line', 'HTTP/1.1 20', 'truncated', ['GET']),
  bad('an end after a 100', 'HTTP/1.1 100 C\r\n\r\n', 'truncated', ['GET']),
  bad('an end before the last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n', 'truncated', [
    'GET',
  ]),
  bad('an end in the head', 'HTTP/1.1 200 OK\r\n', 'truncated', ['GET']),
  bad('an end in the body', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok', 'truncated', ['GET']),
  bad('an end in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok', 'truncated', ['GET']),
  bad('nothing', '', 'truncated', ['GET']),
]
