import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { recordResponses } from '../../../test/support/http/h1-events.ts'
import { hostileResponse, regularFields } from '../../../test/support/http/hostile-fields.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { encodeResponseHead } from '../h1/encode.ts'
import { CHUNKED, UNTIL_CLOSE } from '../h1/message.ts'
import { HeaderList } from '../header-list.ts'
import { type ResponseContext, responseToH1, responseToH2 } from './response.ts'

const BODY: ResponseContext = { method: 'GET', isEnd: false }
const END: ResponseContext = { method: 'GET', isEnd: true }

describe('an HTTP/2 response becomes HTTP/1.1:', () => {
  const cases: readonly (readonly [name: string, fields: readonly string[], context: ResponseContext, text: string])[] =
    [
      ['a body of a length', ['content-length', '3', 'x', '1'], BODY, '200 OK\r\nx: 1\r\ncontent-length: 3\r\n'],
      ['a body of no length', ['x', '1'], BODY, '200 OK\r\nx: 1\r\ntransfer-encoding: chunked\r\n'],
      ['no body', ['x', '1'], END, '200 OK\r\nx: 1\r\ncontent-length: 0\r\n'],
      ['HEAD', ['content-length', '3'], { method: 'HEAD', isEnd: true }, '200 OK\r\ncontent-length: 3\r\n'],
      ['HEAD of no length', [], { method: 'HEAD', isEnd: true }, '200 OK\r\n'],
      ['CONNECT', [], { method: 'CONNECT', isEnd: false }, '200 OK\r\n'],
      [
        'what HTTP/1.1 has not asked for',
        ['te', 'trailers', 'http2-settings', 'x'],
        END,
        '200 OK\r\nte: trailers\r\ncontent-length: 0\r\n',
      ],
      [
        'cookies, which are not joined',
        ['set-cookie', 'a', 'set-cookie', 'b'],
        END,
        '200 OK\r\nset-cookie: a\r\nset-cookie: b\r\ncontent-length: 0\r\n',
      ],
      ['a host, which no response has', ['host', 'a'], END, '200 OK\r\ncontent-length: 0\r\n'],
    ]
  for (const [name, fields, context, text] of cases) {
    it(name, () => assert.equal(toText([':status', '200', ...fields], context), `HTTP/1.1 ${text}\r\n`))
  }

  it('204, 304 and 103', () => {
    assert.equal(toText([':status', '204'], END), 'HTTP/1.1 204 No Content\r\n\r\n')
    assert.equal(
      toText([':status', '304', 'content-length', '7'], END),
      'HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n',
    )
    assert.equal(toText([':status', '103', 'link', '</a>'], BODY), 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')
  })
})

describe('an HTTP/2 response that would be another in HTTP/1.1 is refused:', () => {
  const ok = [':status', '200']
  const cases: readonly (readonly [name: string, fields: readonly string[], why: RegExp, context?: ResponseContext])[] =
    [
      ['no status', ['x', '1'], /status/],
      ['two statuses', [...ok, ...ok], /out of place/],
      ['a status with a line end', [':status', '200\r\nx: y'], /status/],
      ['101', [':status', '101'], /101/, BODY],
      ['an interim response at the end', [':status', '103'], /103/],
      ['CR LF in a value', [...ok, 'x', 'a\r\nb: c'], /value/],
      ['a letter that one byte makes a line feed', [...ok, 'x', '\u010a'], /value/],
      ['a name in capitals', [...ok, 'X', 'a'], /name/],
      ['transfer-encoding', [...ok, 'transfer-encoding', 'chunked'], /connection-specific/],
      ['upgrade', [...ok, 'upgrade', 'h2c'], /connection-specific/],
      ['lengths that differ', [...ok, 'content-length', '1', 'content-length', '2'], /content-length/, BODY],
      ['a length without a body', [...ok, 'content-length', '1'], /without content/],
      ['a length in a 204', [':status', '204', 'content-length', '1'], /204/],
      ['a length in a 204 to HEAD', [':status', '204', 'content-length', '1'], /204/, { method: 'HEAD', isEnd: true }],
      ['a length in a 103', [':status', '103', 'content-length', '1'], /103/, BODY],
      ['a length in a tunnel', [...ok, 'content-length', '1'], /200/, { method: 'CONNECT', isEnd: false }],
    ]
  for (const [name, fields, why, context = END] of cases) {
    it(name, () => {
      const result = responseToH1(fields, context)
      assert.ok('code' in result, JSON.stringify(result))
      assert.match(result.message, why)
    })
  }
})

it('of 20000 hostile lists, each is refused, or read back as the same response', () => {
  let taken = 0
  for (let seed = 0; seed < 20_000; seed++) {
    const random = seededRandom(seed)
    const fields = hostileResponse(random)
    const method = random.pick(['GET', 'HEAD', 'CONNECT'])
    const text = toText(fields, { method, isEnd: random.chance(0.5) })
    if (text === undefined) continue
    taken++
    const bridged = `seed ${seed}: ${JSON.stringify({ fields, text, method })}`
    const [response] = recordResponses(text, { methods: [method] })
    assert.ok(response?.kind === 'response' || response?.kind === 'informational', bridged)
    assert.equal(String(response.head.status), fields[1], bridged)
    const read = response.head.headers.fields
    const withoutFraming = read.filter((_, i) => read[i - (i % 2)] !== 'transfer-encoding')
    assert.deepEqual(regularFields(withoutFraming), regularFields(fields), bridged)
  }
  assert.ok(taken > 4000 && taken < 16_000, `${taken} were taken: too few, or too many to be hostile`)
})

describe('an HTTP/1.1 response becomes HTTP/2:', () => {
  const cases: readonly {
    readonly name: string
    readonly status?: number
    readonly fields?: string[]
    readonly framing?: { readonly bodyLength?: number; readonly method?: string }
    readonly wanted: string
  }[] = [
    {
      name: 'a length',
      fields: ['content-length', '03', 'x', '1'],
      framing: { bodyLength: 3 },
      wanted: ':status 200 x 1 content-length 3',
    },
    {
      name: 'chunks',
      fields: ['transfer-encoding', 'chunked'],
      framing: { bodyLength: CHUNKED },
      wanted: ':status 200',
    },
    { name: 'a body until the close', framing: { bodyLength: UNTIL_CLOSE }, wanted: ':status 200' },
    { name: 'an empty body', wanted: ':status 200 content-length 0' },
    {
      name: 'HEAD',
      fields: ['content-length', '7'],
      framing: { method: 'HEAD' },
      wanted: ':status 200 content-length 7',
    },
    { name: 'HEAD of no length', framing: { method: 'HEAD' }, wanted: ':status 200' },
    { name: '304', status: 304, fields: ['content-length', '7'], wanted: ':status 304 content-length 7' },
    { name: '204', status: 204, fields: ['content-length', '7'], wanted: ':status 204' },
    { name: '103', status: 103, fields: ['link', '</a>'], wanted: ':status 103 link </a>' },
    { name: '200 to CONNECT', fields: ['content-length', '7'], framing: { method: 'CONNECT' }, wanted: ':status 200' },
    {
      name: 'without what concerns the connection',
      fields: ['connection', 'close, x', 'x', '1', 'keep-alive', '5', 'proxy-connection', 'close', 'y', '2'],
      wanted: ':status 200 y 2 content-length 0',
    },
  ]
  for (const { name, status = 200, fields = [], framing, wanted } of cases) {
    it(name, () => {
      const result = responseToH2({ status }, new HeaderList(fields), { bodyLength: 0, method: 'GET', ...framing })
      assert.ok(Array.isArray(result), JSON.stringify(result))
      assert.equal(result.join(' '), wanted)
    })
  }

  const refused: readonly (readonly [name: string, status: number, fields: string[], bodyLength: number])[] = [
    ['101', 101, [], 0],
    ['a status below 100', 99, [], 0],
    ['a status of four digits', 1000, [], 0],
    ['a status that is no number', Number.NaN, [], 0],
    ['CR LF in a value', 200, ['x', 'a\r\nb: c'], 0],
    ['a letter that HPACK would cut to a line feed', 200, ['x', '\u010a'], 0],
    ['a blank in front of a value', 200, ['x', ' a'], 0],
    ['a name in capitals', 200, ['X', 'a'], 0],
    ['a pseudo-header field', 200, [':status', '500'], 0],
    ['half a byte', 200, [], 0.5],
  ]
  for (const [name, status, fields, bodyLength] of refused) {
    it(`not with ${name}`, () => {
      const result = responseToH2({ status }, new HeaderList(fields), { bodyLength, method: 'GET' })
      assert.ok('code' in result, JSON.stringify(result))
    })
  }
})

function toText(fields: readonly string[], context: ResponseContext): string | undefined {
  const result = responseToH1(fields, context)
  if ('code' in result) return undefined
  const text = encodeResponseHead(result.line, result.headers, result.framing)
  assert.equal(typeof text, 'string', `refused too late: ${JSON.stringify([result, text])}`)
  return String(text)
}
