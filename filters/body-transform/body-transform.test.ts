import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { ExchangeOptions, Outcome, TestBody } from 'fairway/filter/testing'
import { createExchange, createFakeEnv, runFilter } from 'fairway/filter/testing'
import bodyTransform from './body-transform.ts'

type Headers = Readonly<Record<string, string>>
const json = { 'content-type': 'application/json' }

const answer = (changes: object, body: TestBody, headers: Headers = json, status = 200): Promise<Outcome> =>
  runFilter(bodyTransform, { response: changes }, { response: { status, headers: Object.entries(headers), body } })

const send = (changes: object, body: TestBody, { headers = json, ...rest }: Rest = {}): Promise<Outcome> =>
  runFilter(
    bodyTransform,
    { request: changes },
    { exchange: { method: 'POST', ...rest, headers: Object.entries(headers), body } },
  )
type Rest = Omit<ExchangeOptions, 'headers' | 'body'> & { readonly headers?: Headers }

const cut = (text: string): readonly Buffer[] => {
  const bytes = Buffer.from(text)
  return [bytes.subarray(0, 7), bytes.subarray(7)]
}

const remove = (...paths: readonly string[]) => ({ remove: paths })
const rename = (path: string, to: string) => ({ rename: [{ path, to }] })
const set = (path: string, value: unknown) => ({ set: [{ path, value }] })

const cases: readonly (readonly [what: string, changes: object, before: string, after: string])[] = [
  ['a field goes', remove('/a'), '{"a":1,"b":2}', '{"b":2}'],
  ['a field inside of another goes', remove('/a/b'), '{"a":{"b":1,"c":2}}', '{"a":{"c":2}}'],
  ['one that is not there stays away', remove('/x', '/a/x', '/a/x/y'), '{"a":1}', '{"a":1}'],
  [
    'a field of each item goes',
    remove('/i/*/c'),
    '{"i":[{"c":1,"p":2},{"p":3},"free"]}',
    '{"i":[{"p":2},{"p":3},"free"]}',
  ],
  ['a field of each field goes', remove('/*/c'), '{"x":{"c":1},"y":{"c":2,"d":3}}', '{"x":{},"y":{"d":3}}'],
  ['an item goes', remove('/1'), '[1,2,3]', '[1,3]'],
  ['all items go', remove('/*'), '[1,2,3]', '[]'],
  ['all fields go', remove('/a/*'), '{"a":{"b":1,"c":2}}', '{"a":{}}'],
  ['a list has no other fields than its items', remove('/length', '/01', '/-'), '[1,2]', '[1,2]'],
  [
    'names with signs are written with ~',
    remove('/a~1b', '/c~0d', '/~01'),
    '{"a/b":1,"c~d":2,"~1":3,"e":4}',
    '{"e":4}',
  ],
  ['a field without a name goes', remove('/a/'), '{"a":{"":1}}', '{"a":{}}'],
  ['a field gets another name', rename('/u/mail', 'email'), '{"u":{"mail":"a@b"}}', '{"u":{"email":"a@b"}}'],
  ['a new name takes the place of a field', rename('/a', 'b'), '{"a":1,"b":2}', '{"b":1}'],
  ['its own name is none', rename('/a', 'a'), '{"a":1,"b":2}', '{"a":1,"b":2}'],
  ['each item gets another name', rename('/*/a', 'b'), '[{"a":1},{"c":2}]', '[{"b":1},{"c":2}]'],
  ['items have none', rename('/0', 'b'), '[1]', '[1]'],
  ['a field is set', set('/v', 2), '{"a":1}', '{"a":1,"v":2}'],
  ['a field is set over another', set('/a', { b: [false] }), '{"a":1}', '{"a":{"b":[false]}}'],
  ['objects are made on the way', set('/a/b/c', 'x'), '{}', '{"a":{"b":{"c":"x"}}}'],
  ['also in place of null', set('/a/b', 1), '{"a":null}', '{"a":{"b":1}}'],
  ['an item is set', set('/1/a', 1), '[{},{}]', '[{},{"a":1}]'],
  ['an item is added', set('/l/-', 3), '{"l":[1,2]}', '{"l":[1,2,3]}'],
  ['a field of each item is set', set('/*/a', 1), '[{},"free",{"a":2}]', '[{"a":1},"free",{"a":1}]'],
  ['each item is set', set('/*', 0), '[1,2]', '[0,0]'],
  ['no items are none', set('/*/a', 1), '[]', '[]'],
  [
    'it goes, gets a name, and is set, in that order',
    { ...set('/b', 3), ...rename('/a', 'b'), ...remove('/b') },
    '{"a":1,"b":2}',
    '{"b":3}',
  ],
  [
    'numbers keep their digits',
    remove('/a'),
    '{"id":12345678901234567890,"x":1e400}',
    '{"id":12345678901234567890,"x":1e400}',
  ],
  ['so do long fractions', remove('/a'), '{"x":0.12345678901234567891}', '{"x":0.12345678901234567891}'],
  ['a number is no object', remove('/id/rawJSON'), '{"id":12345678901234567890}', '{"id":12345678901234567890}'],
  ['of a name given twice the last counts', remove('/x'), '{"a":1,"a":2}', '{"a":2}'],
  ['a field called __proto__ is a field', remove('/__proto__/a'), '{"__proto__":{"a":1}}', '{"__proto__":{}}'],
  ['and can be set', set('/__proto__/b', 1), '{"x":1}', '{"x":1,"__proto__":{"b":1}}'],
  ['what every object inherits is no field', remove('/constructor/name', '/toString'), '{}', '{}'],
  ['a text has no fields', remove('/a'), '"text"', '"text"'],
  ['texts keep their signs', remove('/a'), '{"s":"\\u00e4ö\\n😀"}', '{"s":"äö\\n😀"}'],
  ['a byte order mark goes', remove('/a'), '\uFEFF{"b":1}', '{"b":1}'],
]

describe('BodyTransform', () => {
  for (const [what, changes, before, after] of cases) {
    it(`${what}, in responses and requests`, async () => {
      const { responseBody, response } = await answer(changes, cut(before))
      assert.equal(responseBody.toString(), after)
      assert.equal(response.headers.get('content-length'), String(Buffer.byteLength(after)))
      assert.equal((await send(changes, cut(before))).requestBody.toString(), after)
    })
  }

  const unfit: readonly (readonly [what: string, changes: object, body: string])[] = [
    ['a text in the way', set('/a/b', 1), '{"a":"text"}'],
    ['a list in the way', set('/a/b', 1), '{"a":[]}'],
    ['an item that is not there', set('/3', 1), '[1]'],
    ['no fields at all', set('/a', 1), '"text"'],
    ['a number of many digits in the way', set('/a/b', 1), '{"a":12345678901234567890}'],
  ]
  for (const [what, changes, body] of unfit) {
    it(`refuses where a value has no place: ${what}`, async () => {
      const { reply } = await send(changes, body)
      assert.deepEqual([reply?.status, reply?.reason], [400, 'body_transform_unfit'])
      assert.equal((await answer(changes, body)).reply?.status, 502)
    })
  }

  const unreadable: readonly (readonly [what: string, body: TestBody])[] = [
    ['half of it', '{"a":'],
    ['two of them', '{}{}'],
    ['a comment', '{} // a'],
    ['a sign that is none', '{"a":NaN}'],
    ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xc3, 0x28, 0x22)],
    ['what is nested too deeply to keep its numbers', `${'['.repeat(200_000)}1e400${']'.repeat(200_000)}`],
  ]
  for (const [what, body] of unreadable) {
    it(`refuses what is no JSON: ${what}`, async () => {
      const { reply, requestBody } = await send(remove('/a'), body)
      assert.deepEqual([reply?.status, reply?.reason], [400, 'body_transform_unreadable'])
      assert.equal(requestBody.length, 0)
      assert.equal((await answer(remove('/a'), body)).reply?.status, 502)
    })
  }

  it('puts in who it is, whatever the client says', async () => {
    const changes = { set: [{ path: '/by', template: '{claims[email]} of {source.namespace}' }] }
    const rest = { claims: { iss: 'i', sub: 's', email: 'a@b' }, source: { namespace: 'shop' } }
    assert.equal((await send(changes, '{"by":"root"}', rest)).requestBody.toString(), '{"by":"a@b of shop"}')
    assert.equal((await send(changes, '{"by":"root","x":1}')).requestBody.toString(), '{"x":1}')
  })

  it('a value is another one for each body', async () => {
    const decoded = bodyTransform.config.decode(
      {
        request: {
          set: [
            { path: '/meta', value: { kind: 'order' } },
            { path: '/meta/user', template: '{request.headers[x-user]}' },
            { path: '/meta/team', template: '{request.headers[x-team]}' },
          ],
        },
      },
      'spec',
    )
    assert.ok(decoded.ok)
    const filter = bodyTransform.create(decoded.value, createFakeEnv())
    const pass = (headers: Headers): unknown => {
      const exchange = createExchange({ headers: Object.entries({ ...json, ...headers }) })
      const made = filter.transformRequest?.(exchange) ?? undefined
      return made?.(Buffer.from('{}'), true)
    }
    assert.equal(pass({ 'x-user': 'ann' }), '{"meta":{"kind":"order","user":"ann"}}')
    assert.equal(pass({ 'x-team': 'red' }), '{"meta":{"kind":"order","team":"red"}}')
  })

  it('other types pass, or are refused', async () => {
    const headers = { 'content-type': 'text/plain' }
    assert.equal((await send(remove('/a'), '{"a":1}', { headers })).requestBody.toString(), '{"a":1}')
    for (const more of [{}, { 'content-length': '7' }]) {
      const changes = { ...remove('/a'), otherTypes: 'Refuse' }
      const { reply } = await send(changes, '{"a":1}', { headers: { ...headers, ...more } })
      assert.deepEqual([reply?.status, reply?.reason], [415, 'body_transform_other_type'])
      assert.equal((await send(changes, '{"a":1}', { headers: more })).reply?.status, 415)
    }
    const html = await answer(remove('/a'), '{"a":1}', { 'content-type': 'text/html', etag: '"v"' })
    assert.deepEqual([html.responseBody.toString(), html.response.headers.get('etag')], ['{"a":1}', '"v"'])
  })

  it('a request without a body is none of another type', async () => {
    const run = runFilter(bodyTransform, { request: { ...remove('/a'), otherTypes: 'Refuse' } })
    assert.equal((await run).kind, 'forwarded')
  })

  it('asks for what can be read, and refuses what cannot', async () => {
    const headers: Headers = { 'accept-encoding': 'gzip', range: 'bytes=0-1', 'if-range': '"v"', accept: '*/*' }
    const exchange = { headers: Object.entries(headers) }
    const { request } = await runFilter(bodyTransform, { response: remove('/a') }, { exchange })
    assert.deepEqual(Object.fromEntries(request.headers), { accept: '*/*' })
    const encoded = { ...json, 'content-encoding': 'gzip' }
    assert.equal((await answer(remove('/a'), gzipSync('{}'), encoded)).reply?.status, 502)
    const { reply } = await send(remove('/a'), gzipSync('{}'), { headers: encoded })
    assert.deepEqual([reply?.status, reply?.headers], [415, [['accept-encoding', 'identity']]])
  })

  it('a body of no bytes is left alone', async () => {
    assert.equal((await answer(set('/a', 1), '')).responseBody.length, 0)
  })

  it('what is too long is refused, as soon as that is known', async () => {
    const changes = { ...remove('/a'), limitBytes: 10 }
    for (const more of [{}, { 'content-length': '11' }]) {
      const { reply } = await send(changes, '{"abc":100}', { headers: { ...json, ...more } })
      assert.deepEqual([reply?.status, reply?.reason], [413, 'request_payload_too_large{BodyTransform}'])
    }
    assert.equal((await send(changes, '{"abc":10}')).kind, 'forwarded')
    const { reply } = await answer(changes, '{"abc":100}')
    assert.deepEqual([reply?.status, reply?.reason], [502, 'response_payload_too_large{BodyTransform}'])
  })

  it('says what is not the same any more', async () => {
    const of = { etag: '"v1"', 'content-digest': 'x', 'accept-ranges': 'bytes' }
    const { response } = await answer(remove('/a'), '{}', { ...json, ...of })
    assert.deepEqual(Object.fromEntries(response.headers), { ...json, etag: 'W/"v1"', 'content-length': '2' })
    const { request } = await send(remove('/a'), '{}', { headers: { ...json, 'content-digest': 'x' } })
    assert.equal(request.headers.get('content-digest'), undefined)
  })

  for (const [config, wrong] of [
    [{}, 'spec'],
    [{ request: {} }, 'spec.request'],
    [{ response: remove('a.b') }, 'spec.response.remove[0]'],
    [{ response: remove('/a~2') }, 'spec.response.remove[0]'],
    [{ response: { set: [{ path: '/a' }] } }, 'spec.response.set[0]'],
    [{ response: { set: [{ path: '/a', value: 1, template: 'x' }] } }, 'spec.response.set[0]'],
    [{ response: { set: [{ path: '/a', template: '{nobody}' }] } }, 'spec.response.set[0].template'],
    [{ response: { ...remove('/a'), limitBytes: 1e9 } }, 'spec.response.limitBytes'],
    [{ response: { ...remove('/a'), otherTypes: 'Pass' } }, 'spec.response.otherTypes'],
  ] as const) {
    it(`refuses ${JSON.stringify(config)}`, () => {
      const decoded = bodyTransform.config.decode(config, 'spec')
      assert.ok(!decoded.ok)
      assert.equal(decoded.issues[0]?.path, wrong)
    })
  }
})
