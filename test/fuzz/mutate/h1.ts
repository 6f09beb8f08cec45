import type { SeededRandom } from '../../support/random.ts'
import { mutateBytes } from './bytes.ts'

const FIELDS = [
  'Host: a',
  'Host: b',
  'Content-Length: 3',
  'Content-Length: 0',
  'Content-Length: 5, 5',
  'Content-Length: +3',
  'Content-Length: 03',
  'Content-Length: 9007199254740993',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding:\tchunked ',
  'Transfer-Encoding\t: chunked',
  'Transfer_Encoding: chunked',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: upgrade',
  'Connection: host, content-length, transfer-encoding',
  'Connection: x-a',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Keep-Alive: timeout=5',
  'Proxy-Connection: keep-alive',
  'TE: trailers, deflate',
  'Trailer: x-a',
  'X-A: 1',
  'X-A:',
  'X-A: a\r\n b',
  ' folded: 1',
  ': empty',
  'X-\xe9: 1',
  'X-A: \xe9\xff',
]
const FIRST_LINES = [
  'GET / HTTP/1.1',
  'POST /a?b=c HTTP/1.1',
  'HEAD / HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'CONNECT a:1 HTTP/1.1',
  'GET http://a/ HTTP/1.1',
  'GET /../%2e%2e//a HTTP/1.1',
  'GET / HTTP/1.0',
  'GET / HTTP/2.0',
  'GET /',
  'HTTP/1.1 200 OK',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.0 200',
]
const LINE_ENDS = ['\n', '\r', '\r\r\n', '\r\n\r\n', '\r\n ', '\r\n\t', '\0\r\n', ' \r\n', '']
const BODIES = [
  'abc',
  '0\r\n\r\n',
  '3\r\nabc\r\n0\r\n\r\n',
  '3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
  '1\r\na\r\n',
  'abcGET / HTTP/1.1\r\n',
]
const SIZES = ['0', '00', '3', '+3', '-3', ' 3', '3 ', '0x3', '3;', '3;a="b"', 'ffffffff', '20000000000000', 'g', '']
const BYTES = ['\r', '\n', '\0', '\t', ' ', ':', ';', ',', '\x7f', '\xff', '#', '%', '/', '"', '\\']

/** A change that knows of lines, fields and chunks; now and then one that does not. */
export function mutateH1(input: Buffer, other: Buffer, random: SeededRandom): Buffer {
  if (random.chance(0.25)) return mutateBytes(input, other, random)
  const text = input.toString('latin1')
  if (random.chance(0.15)) return latin1(insertAt(text, random.below(text.length + 1), random.pick(BYTES)))
  const lines = text.split('\r\n')
  mutateLines(lines, other.toString('latin1').split('\r\n'), random)
  return latin1(lines.join('\r\n'))
}

function mutateLines(lines: string[], others: readonly string[], random: SeededRandom): void {
  const at = random.below(lines.length)
  const line = lines[at] ?? ''
  switch (random.below(13)) {
    case 0:
      return void lines.splice(at, 1)
    case 1:
      return void lines.splice(random.below(lines.length + 1), 0, line)
    case 2:
    case 3:
      return void lines.splice(1 + random.below(lines.length), 0, random.pick(FIELDS))
    case 4:
      return void lines.splice(at, 1, random.pick(FIELDS))
    case 5:
      return void lines.splice(0, 1, random.pick(FIRST_LINES))
    case 6:
      return void lines.splice(at, 2, line + random.pick(LINE_ENDS) + (lines[at + 1] ?? ''))
    case 7:
      return void lines.splice(at, 1, random.pick(SIZES))
    case 8:
      return void lines.splice(at, 1, line.replace(':', random.pick([' :', '\t:', '::', ':\0', ': \t ', ''])))
    case 9:
      return void lines.splice(at, 1, random.chance(0.5) ? line.toLowerCase() : line.toUpperCase())
    case 10:
      return void lines.splice(lines.length - 1, 1, random.pick(BODIES))
    case 11:
      return void lines.splice(
        at,
        1,
        line.replace(/\d+/, (digits) => String(Number(digits) + random.pick([1, -1, 10]))),
      )
    default:
      return void lines.splice(at, 1 + random.below(3), ...others.slice(random.below(others.length)))
  }
}

function insertAt(text: string, at: number, added: string): string {
  return text.slice(0, at) + added + text.slice(at)
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
