import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordRequests } from '../../../test/support/http/h1-events.ts'
import { hostileRequest, regularFields } from '../../../test/support/http/hostile-fields.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { HpackDecoder } from '../hpack/decoder.ts'
import { HpackEncoder } from '../hpack/encoder.ts'
import { encodeRequestHead } from '../h1/encode.ts'
import { CHUNKED, UNTIL_CLOSE } from '../h1/message.ts'
import { findField } from '../h2/fields.ts'
import { HeaderList } from '../header-list.ts'
import { requestToH1, requestToH2 } from './request.ts'

const GET = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/p?q']
const POST = [':method', 'POST', ...GET.slice(2)]

describe('an HTTP/2 request becomes HTTP/1.1:', () => {
  const cases: readonly {
    readonly name: string
    readonly fields: readonly string[]
    readonly isEnd?: boolean
    readonly text: string
  }[] = [
    { name: 'a GET', fields: [...GET, 'x', '1'], text: 'GET /p?q HTTP/1.1\r\nhost: a\r\nx: 1\r\n\r\n' },
    { name: 'an empty POST', fields: POST, text: 'POST /p?q HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n' },
    {
      name: 'a body of a length',
      fields: [...POST, 'content-length', '3', 'x', '1'],
      isEnd: false,
      text: 'POST /p?q HTTP/1.1\r\nhost: a\r\nx: 1\r\ncontent-length: 3\r\n\r\n',
    },
    {
      name: 'a length said twice, and padded',
      fields: [...POST, 'content-length', '03', 'content-length', '3'],
      isEnd: false,
      text: 'POST /p?q HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n',
    },
    {
      name: 'a body of no length',
      fields: POST,
      isEnd: false,
      text: 'POST /p?q HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n',
    },
    {
      name: 'an announced empty body',
      fields: [...GET, 'content-length', '0'],
      text: 'GET /p?q HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n',
    },
    {
      name: 'host that agrees, which goes out once',
      fields: [...GET, 'x', '1', 'host', 'A'],
      text: 'GET /p?q HTTP/1.1\r\nhost: a\r\nx: 1\r\n\r\n',
    },
    {
      name: 'host in place of :authority',
      fields: [':method', 'GET', ':scheme', 'http', ':path', '/', 'host', 'b:80'],
      text: 'GET / HTTP/1.1\r\nhost: b:80\r\n\r\n',
    },
    {
      name: 'crumbs of a cookie, where the first of them was',
      fields: [...GET, 'cookie', 'a=1', 'x', '1', 'cookie', 'b=2', 'cookie', 'c=3'],
      text: 'GET /p?q HTTP/1.1\r\nhost: a\r\ncookie: a=1; b=2; c=3\r\nx: 1\r\n\r\n',
    },
    {
      name: 'empty crumbs, which leave nothing behind',
      fields: [...GET, 'cookie', '', 'cookie', 'a=1', 'cookie', ''],
      text: 'GET /p?q HTTP/1.1\r\nhost: a\r\ncookie: a=1\r\n\r\n',
    },
    {
      name: 'te: trailers, and not what an upgrade to HTTP/2 would have said',
      fields: [...GET, 'te', 'Trailers', 'http2-settings', 'AAMAAABk'],
      text: 'GET /p?q HTTP/1.1\r\nhost: a\r\nconnection: te\r\nte: trailers\r\n\r\n',
    },
    {
      name: 'OPTIONS *',
      fields: [':method', 'OPTIONS', ':scheme', 'http', ':authority', 'a', ':path', '*'],
      text: 'OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n',
    },
    {
      name: 'CONNECT, which has no body, whatever follows',
      fields: [':method', 'CONNECT', ':authority', 'a:443'],
      isEnd: false,
      text: 'CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n',
    },
  ]
  for (const { name, fields, isEnd = true, text } of cases) {
    it(name, () => assert.equal(toText(fields, isEnd), text))
  }
})

it('filters see one content-length, and neither host nor pseudo-header fields', () => {
  const result = requestToH1([...POST, 'content-length', '03', 'host', 'a', 'x', '1', 'content-length', '3'], false)
  assert.ok(!('code' in result))
  assert.deepEqual(result.headers.fields, ['content-length', '3', 'x', '1'])
})

for (const [asked, scheme] of [
  ['http', 'http'],
  ['https', 'https'],
  ['HTTPS', 'https'],
  ['ftp', 'http'],
] as const) {
  it(`:scheme ${asked} is ${scheme}`, () => {
    const result = requestToH1([...GET.with(3, asked), 'x-forwarded-proto', 'ftp'], true)
    assert.equal('code' in result ? result.message : result.scheme, scheme)
  })
}

describe('an HTTP/2 request that would be another in HTTP/1.1 is refused:', () => {
  const without = (name: string): string[] => GET.filter((_, i) => GET[i - (i % 2)] !== name)
  const withPath = (path: string): string[] => [...without(':path'), ':path', path]
  const withAuthority = (authority: string): string[] => [...without(':authority'), ':authority', authority]
  const withMethod = (method: string): string[] => [':method', method, ...GET.slice(2)]
  const cases: Readonly<Record<string, readonly [fields: readonly string[], why: RegExp, isEnd?: boolean]>> = {
    'CR LF in a value': [[...GET, 'x', 'a\r\ny: b'], /value/],
    'CR in a value': [[...GET, 'x', 'a\rb'], /value/],
    'LF in a value': [[...GET, 'x', 'a\nb'], /value/],
    'NUL in a value': [[...GET, 'x', 'a\0b'], /value/],
    'a letter that one byte makes a line feed': [[...GET, 'x', 'a\u010ab'], /value/],
    'a blank in front of a value': [[...GET, 'x', ' a'], /value/],
    'CR LF in a name': [[...GET, 'x: a\r\ny', 'b'], /name/],
    'a colon in a name': [[...GET, 'x:', 'b'], /name/],
    'a blank in a name': [[...GET, 'x ', 'b'], /name/],
    'an empty name': [[...GET, '', 'b'], /name/],
    'a name in capitals': [[...GET, 'X-A', 'b'], /name/],
    'content_length, which some take for the real one': [[...GET, 'content_length', '3'], /name/],
    'transfer-encoding': [[...GET, 'transfer-encoding', 'chunked'], /connection-specific/, false],
    connection: [[...GET, 'connection', 'close'], /connection-specific/],
    'keep-alive': [[...GET, 'keep-alive', '5'], /connection-specific/],
    'proxy-connection': [[...GET, 'proxy-connection', 'close'], /connection-specific/],
    upgrade: [[...GET, 'upgrade', 'h2c'], /connection-specific/],
    'te: gzip': [[...GET, 'te', 'gzip'], /te other/],
    'lengths that differ': [[...POST, 'content-length', '3', 'content-length', '4'], /content-length/, false],
    'a list of lengths': [[...POST, 'content-length', '3, 3'], /content-length/, false],
    'a signed length': [[...POST, 'content-length', '+3'], /content-length/, false],
    'a length without a body': [[...POST, 'content-length', '3'], /without content/],
    'no host at all': [without(':authority'), /neither/],
    'host unlike :authority': [[...GET, 'host', 'b'], /differ/],
    'two hosts': [[...without(':authority'), 'host', 'a', 'host', 'a'], /second/],
    'an empty :authority': [withAuthority(''), /authority/],
    'userinfo in :authority': [withAuthority('u@a'), /authority/],
    'a line end in :authority': [withAuthority('a\r\nx: y'), /authority/],
    'no :path': [without(':path'), /path/],
    'an empty :path': [withPath(''), /path/],
    'a relative :path': [withPath('a/b'), /path/],
    'an absolute URI as :path': [withPath('http://b/'), /path/],
    'a space in :path': [withPath('/ HTTP/1.1'), /path/],
    'a fragment in :path': [withPath('/a#b'), /path/],
    'a line end in :path': [withPath('/\r\n'), /path/],
    '* for GET': [withPath('*'), /path/],
    'a method in lower case': [withMethod('get'), /method/],
    'a method with a blank': [withMethod('GET /'), /method/],
    'a method that is too long': [withMethod('M'.repeat(33)), /method/],
    'two methods': [[':method', 'GET', ...GET], /second/],
    'an unknown pseudo-header field': [[...GET, ':x', 'y'], /unknown/],
    'a pseudo-header field behind another': [[...without(':path'), 'x', 'y', ':path', '/'], /after regular/],
    'CONNECT with :path': [[':method', 'CONNECT', ':authority', 'a:80', ':path', '/'], /CONNECT/],
    'CONNECT without a port': [[':method', 'CONNECT', ':authority', 'a'], /CONNECT/],
    'CONNECT with content': [[':method', 'CONNECT', ':authority', 'a:80', 'content-length', '3'], /without/, false],
    'extended CONNECT': [[':method', 'CONNECT', ...GET.slice(2), ':protocol', 'websocket'], /protocol/],
  }
  for (const [name, [fields, why, isEnd = true]] of Object.entries(cases)) {
    it(name, () => {
      const result = requestToH1(fields, isEnd)
      assert.ok('code' in result, JSON.stringify(result))
      assert.match(result.message, why)
    })
  }
})

it('of 20000 hostile lists, each is refused, or read back as the same request', () => {
  let taken = 0
  for (let seed = 0; seed < 20_000; seed++) {
    const random = seededRandom(seed)
    const fields = hostileRequest(random)
    const text = toText(fields, random.chance(0.5))
    if (text === undefined) continue
    taken++
    const bridged = `seed ${seed}: ${JSON.stringify({ fields, text })}`
    const [request, ...more] = recordRequests(text).filter(({ kind }) => kind === 'request')
    assert.ok(request?.kind === 'request' && more.length === 0, bridged)
    const { head } = request
    assert.equal(head.method, findField(fields, ':method'), bridged)
    const host = findField(fields, ':authority') ?? findField(fields, 'host')
    assert.equal(head.target, findField(fields, ':path') ?? host, bridged)
    assert.equal(head.host, host, bridged)
    assert.deepEqual(regularFields(withoutFraming(head.headers.fields)), regularFields(fields), bridged)
  }
  assert.ok(taken > 4000 && taken < 16_000, `${taken} were taken: too few, or too many to be hostile`)
})

describe('an HTTP/1.1 request becomes HTTP/2:', () => {
  const line = { method: 'GET', target: '/p?q', host: 'a' }
  const http = 'http' as const
  const cases: readonly {
    readonly name: string
    readonly line?: Partial<typeof line>
    readonly fields?: string[]
    readonly bodyLength?: number
    readonly wanted: string
  }[] = [
    { name: 'a GET', fields: ['host', 'a', 'x', '1'], wanted: ':method=GET|:authority=a|:scheme=http|:path=/p?q|x=1' },
    {
      name: 'without what concerns the connection, and what Connection names',
      fields: [
        'connection',
        'x, close',
        'x',
        '1',
        'keep-alive',
        '5',
        'upgrade',
        'h2c',
        'te',
        'gzip, trailers',
        'y',
        '2',
      ],
      wanted: ':method=GET|:authority=a|:scheme=http|:path=/p?q|te=trailers|y=2',
    },
    {
      name: 'chunks, of no length',
      line: { method: 'POST' },
      fields: ['transfer-encoding', 'chunked'],
      bodyLength: CHUNKED,
      wanted: ':method=POST|:authority=a|:scheme=http|:path=/p?q',
    },
    {
      name: 'a body with the length that the reader found',
      line: { method: 'POST' },
      fields: ['content-length', '003'],
      bodyLength: 3,
      wanted: ':method=POST|:authority=a|:scheme=http|:path=/p?q|content-length=3',
    },
    {
      name: 'an announced empty body',
      fields: ['content-length', '0'],
      wanted: ':method=GET|:authority=a|:scheme=http|:path=/p?q|content-length=0',
    },
    {
      name: 'an absolute target',
      line: { target: 'http://a?q' },
      wanted: ':method=GET|:authority=a|:scheme=http|:path=/?q',
    },
    {
      name: 'OPTIONS *',
      line: { method: 'OPTIONS', target: '*' },
      wanted: ':method=OPTIONS|:authority=a|:scheme=http|:path=*',
    },
    {
      name: 'OPTIONS of an authority alone',
      line: { method: 'OPTIONS', target: 'http://a' },
      wanted: ':method=OPTIONS|:authority=a|:scheme=http|:path=*',
    },
    {
      name: 'CONNECT',
      line: { method: 'CONNECT', target: 'b:443', host: 'b' },
      wanted: ':method=CONNECT|:authority=b:443',
    },
  ]
  for (const { name, line: changes, fields = [], bodyLength = 0, wanted } of cases) {
    it(name, () => {
      const headers = new HeaderList(fields)
      const before = [...fields]
      const result = requestToH2({ ...line, ...changes }, headers, { bodyLength, scheme: http })
      assert.ok(Array.isArray(result), JSON.stringify(result))
      assert.equal(format(result), wanted)
      assert.deepEqual(headers.fields, before)
    })
  }

  const refused: Readonly<
    Record<string, readonly [changes: Partial<typeof line>, fields: string[], bodyLength: number]>
  > = {
    'a method in lower case': [{ method: 'get' }, [], 0],
    'a space in the target': [{ target: '/a b' }, [], 0],
    'a fragment': [{ target: '/a#b' }, [], 0],
    'another host in the target': [{ target: 'http://b/' }, [], 0],
    'no host': [{ host: '' }, [], 0],
    'a bad host': [{ host: 'a/b' }, [], 0],
    'CONNECT to a path': [{ method: 'CONNECT', target: '/' }, [], 0],
    'CR LF in a value': [{}, ['x', 'a\r\nb: c'], 0],
    'a letter that HPACK would cut to a line feed': [{}, ['x', '\u010a'], 0],
    'a blank at the end of a value': [{}, ['x', 'a '], 0],
    'a name in capitals': [{}, ['X', 'a'], 0],
    'a pseudo-header field': [{}, [':path', '/admin'], 0],
    'a body until the close': [{ method: 'POST' }, [], UNTIL_CLOSE],
    'a body of no whole number of bytes': [{ method: 'POST' }, [], 1.5],
  }
  for (const [name, [changes, fields, bodyLength]] of Object.entries(refused)) {
    it(`not with ${name}`, () => {
      const result = requestToH2({ ...line, ...changes }, new HeaderList(fields), { bodyLength, scheme: http })
      assert.ok('code' in result, JSON.stringify(result))
    })
  }
})

it('what HTTP/2 took comes back the same through HPACK and HTTP/1.1 and HTTP/2 again', () => {
  const encoder = new HpackEncoder()
  const decoder = new HpackDecoder({ maxListBytes: 65_536 })
  const block = Buffer.alloc(65_536)
  for (let seed = 0; seed < 5000; seed++) {
    const random = seededRandom(seed)
    const first = requestToH1(hostileRequest(random), random.chance(0.5))
    if ('code' in first) continue
    const { line, headers, framing } = first
    const fields = requestToH2(line, headers, { bodyLength: framing.bodyLength, scheme: 'http' })
    assert.ok(Array.isArray(fields), `seed ${seed}: ${JSON.stringify([first, fields])}`)
    const decoded = decoder.decode(block, 0, encoder.encode(fields, block, 0))
    assert.ok(decoded.kind === 'ok')
    const second = requestToH1(decoded.fields, framing.bodyLength === 0)
    assert.ok(!('code' in second), `seed ${seed}: ${JSON.stringify([first, second])}`)
    assert.equal(encodeOf(second), encodeOf(first))
  }
})

function toText(fields: readonly string[], isEnd: boolean): string | undefined {
  const result = requestToH1(fields, isEnd)
  return 'code' in result ? undefined : encodeOf(result)
}

function encodeOf(request: Exclude<ReturnType<typeof requestToH1>, { code: string }>): string {
  const text = encodeRequestHead(request.line, request.headers, request.framing)
  assert.equal(typeof text, 'string', `refused too late: ${JSON.stringify([request, text])}`)
  return String(text)
}

function withoutFraming(fields: readonly string[]): readonly string[] {
  return fields.filter((_, i) => fields[i - (i % 2)] !== 'transfer-encoding')
}

function format(fields: readonly string[]): string {
  return fields.map((text, i) => (i % 2 === 0 ? `${i === 0 ? '' : '|'}${text}` : `=${text}`)).join('')
}
