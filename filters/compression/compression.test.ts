import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { BodyTransform, Filter } from 'fairway/filter'
import type { Outcome, ResponseOptions } from 'fairway/filter/testing'
import { createExchange, createFakeEnv, runFilter } from 'fairway/filter/testing'
import { chooseCoding, type Coding } from './choose-coding.ts'
import compression from './compression.ts'

const text = 'a text that comes again and again. '.repeat(100)
const decode: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}
type Headers = Readonly<Record<string, string>>
const page = { 'content-type': 'text/html', 'content-length': String(text.length), etag: '"v1"' }

const ask = (
  request: Headers & { readonly ':method'?: string },
  response: Omit<ResponseOptions, 'headers'> & { readonly headers?: Headers },
  config: object = {},
): Promise<Outcome> => {
  const { ':method': method = 'GET', ...headers } = request
  return runFilter(compression, config, {
    exchange: { method, headers: Object.entries(headers) },
    response: { body: text, ...response, headers: Object.entries(response.headers ?? page) },
  })
}

describe('which coding a client likes best (RFC 9110 section 12.5.3)', () => {
  const all: readonly Coding[] = ['zstd', 'br', 'gzip']
  const cases: readonly [said: string | undefined, chosen: Coding | undefined, offered?: readonly Coding[]][] = [
    [undefined, undefined],
    ['', undefined],
    ['compress, gzip', 'gzip'],
    ['*', 'zstd'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br, zstd', 'gzip', ['gzip', 'br']],
    ['compress;q=0.5, gzip;q=1.0', 'gzip'],
    ['gzip;q=1.0, identity; q=0.5, *;q=0', 'gzip'],
    ['br;q=0.5,gzip;q=0.8', 'gzip'],
    ['br ; q=0.5 , GZIP;Q=0.8', 'gzip'],
    ['*;q=0.5, zstd;q=0', 'br'],
    ['gzip;q=0', undefined],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['identity;q=0', undefined],
    ['identity;q=0, gzip;q=0.1', 'gzip'],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['identity, gzip', 'gzip'],
    ['gzip;q=0.001', 'gzip'],
    ['gzip;q=2', undefined],
    ['gzip;q=', undefined],
    ['gzip;q=0.1234', undefined],
    ['gzip;level=9', undefined],
    ['gzip;q=0, gzip', undefined],
    ['x-gzip', 'gzip'],
    ['deflate, pack200-gzip', undefined],
  ]
  for (const [said, chosen, offered = all] of cases) {
    it(`${said ?? 'nothing'}: ${chosen ?? 'none'}`, () => assert.equal(chooseCoding(said, offered), chosen))
  }
})

describe('Compression', () => {
  for (const coding of ['gzip', 'br', 'zstd']) {
    for (const body of [text, [text.slice(0, 10), '', text.slice(10)], Array.from(text)]) {
      for (const headers of [page, { 'content-type': 'text/html' }]) {
        const name = `a body in ${typeof body === 'string' ? 1 : body.length} pieces ${'etag' in headers ? 'with' : 'without'} a length`
        it(`${coding}: ${name} can be read again`, async () => {
          const { response, responseBody } = await ask({ 'accept-encoding': coding }, { body, headers })
          assert.equal(decode[coding]?.(responseBody).toString(), text)
          assert.equal(response.headers.get('content-encoding'), coding)
          assert.equal(response.headers.get('content-length'), undefined)
          assert.equal(response.headers.get('vary'), 'Accept-Encoding')
        })
      }
    }
  }

  const gzip = { 'accept-encoding': 'gzip' }
  const stays: Readonly<Record<string, Parameters<typeof ask>>> = {
    'what is too short': [gzip, { headers: { ...page, 'content-length': '1023' } }],
    'what is of another type': [gzip, { headers: { ...page, 'content-type': 'image/png' } }],
    'what has no type': [gzip, { headers: { etag: '"v1"' } }],
    gRPC: [gzip, { headers: { ...page, 'content-type': 'application/grpc+proto' } }],
    'what is encoded': [gzip, { headers: { ...page, 'content-encoding': 'br' } }],
    'what is encoded in a way nobody knows': [gzip, { headers: { ...page, 'content-encoding': 'aes128gcm' } }],
    'no-transform': [gzip, { headers: { ...page, 'cache-control': 'public, No-Transform' } }],
    'no-transform in the request': [{ ...gzip, 'cache-control': 'no-transform' }, {}],
    'a part': [gzip, { status: 206, headers: { ...page, 'content-range': 'bytes 0-1/2' } }],
    'what a client does not accept': [{ 'accept-encoding': 'deflate' }, {}],
    'what a client wants as it is': [{}, {}],
    'what another site asks for as a user': [{ ...gzip, 'sec-fetch-site': 'cross-site', cookie: 'a=b' }, {}],
    'what another site asks for with a token': [{ ...gzip, 'sec-fetch-site': 'cross-site', authorization: 'x' }, {}],
  }
  for (const [name, [request, response]] of Object.entries(stays)) {
    it(`leaves alone ${name}`, async () => {
      const outcome = await ask(request, response)
      assert.equal(outcome.responseBody.toString(), text)
      assert.equal(outcome.response.headers.get('etag'), '"v1"')
      assert.equal(outcome.response.headers.get('content-encoding'), response.headers?.['content-encoding'])
    })
  }

  const goes: Readonly<Record<string, Parameters<typeof ask>>> = {
    'a type with parameters in any case': [gzip, { headers: { 'content-type': 'Application/JSON ; charset=utf-8' } }],
    'a type with a suffix': [gzip, { headers: { 'content-type': 'application/problem+json' } }],
    'an error': [gzip, { status: 404 }],
    'what is encoded as identity': [gzip, { headers: { ...page, 'content-encoding': 'identity' } }],
    'what another site asks for as nobody': [{ ...gzip, 'sec-fetch-site': 'cross-site' }, {}],
    'what the same site asks for': [{ ...gzip, 'sec-fetch-site': 'same-origin', cookie: 'a=b' }, {}],
    'what another site asks for, if told to': [
      { ...gzip, 'sec-fetch-site': 'cross-site', cookie: 'a=b' },
      {},
      { compressCrossSite: true },
    ],
  }
  for (const [name, parts] of Object.entries(goes)) {
    it(`compresses ${name}`, async () => {
      const { response, responseBody } = await ask(...parts)
      assert.equal(response.headers.get('content-encoding'), 'gzip')
      assert.equal(gunzipSync(responseBody).toString(), text)
    })
  }

  it('says what is not the same any more', async () => {
    const checksums = ['accept-ranges', 'content-md5', 'content-digest', 'repr-digest', 'digest']
    const of = Object.fromEntries(checksums.map((name) => [name, 'x']))
    const { response } = await ask(gzip, { headers: { ...page, ...of, 'x-own': '1' } })
    const fields = { 'content-type': 'text/html', etag: 'W/"v1"', 'x-own': '1' }
    assert.deepEqual(Object.fromEntries(response.headers), {
      ...fields,
      vary: 'Accept-Encoding',
      'content-encoding': 'gzip',
    })
  })

  for (const [before, after] of [
    [undefined, 'Accept-Encoding'],
    ['Origin', 'Origin, Accept-Encoding'],
    ['origin, accept-encoding', 'origin, accept-encoding'],
    ['*', '*'],
    ['X-Accept-Encoding', 'X-Accept-Encoding, Accept-Encoding'],
  ] as const) {
    it(`Vary ${before ?? 'that is not there'} becomes ${after}, whoever asks`, async () => {
      const headers = { ...page, ...(before === undefined ? {} : { vary: before }) }
      for (const request of [gzip, {}])
        assert.equal((await ask(request, { headers })).response.headers.get('vary'), after)
    })
  }

  it('leaves a weak tag as it is', async () => {
    const { response } = await ask(gzip, { headers: { ...page, etag: 'W/"v1"' } })
    assert.equal(response.headers.get('etag'), 'W/"v1"')
  })

  it('answers HEAD as GET, without a body', async () => {
    const { response, responseBody } = await ask({ ...gzip, ':method': 'HEAD' }, { body: '' })
    const { headers } = response
    assert.deepEqual(
      [headers.get('content-encoding'), headers.get('etag'), headers.get('content-length'), responseBody.length],
      ['gzip', 'W/"v1"', undefined, 0],
    )
  })

  it('a 304 has the tag and Vary of the 200', async () => {
    const { response } = await ask(gzip, { status: 304, headers: { etag: '"v1"' }, body: '' })
    assert.deepEqual(Object.fromEntries(response.headers), { etag: 'W/"v1"', vary: 'Accept-Encoding' })
    const plain = await ask({}, { status: 304, headers: { etag: '"v1"' }, body: '' })
    assert.equal(plain.response.headers.get('etag'), '"v1"')
  })

  it('an empty body of no length is an empty one', async () => {
    const { responseBody } = await ask(gzip, { body: '', headers: { 'content-type': 'text/html' } })
    assert.equal(gunzipSync(responseBody).length, 0)
  })

  it('the backend is told what the client accepts, or not', async () => {
    assert.equal((await ask(gzip, {})).request.headers.get('accept-encoding'), 'gzip')
    const { request, response } = await ask(gzip, {}, { removeAcceptEncoding: true })
    assert.equal(request.headers.get('accept-encoding'), undefined)
    assert.equal(response.headers.get('content-encoding'), 'gzip')
  })

  it('counts what went in and what came out', async () => {
    const env = createFakeEnv()
    const exchange = { headers: Object.entries(gzip) }
    const response = { headers: Object.entries(page), body: text }
    const { responseBody } = await runFilter(compression, {}, { env, exchange, response })
    assert.equal(env.counted('compression_read_bytes_total', { coding: 'gzip' }), text.length)
    assert.equal(env.counted('compression_written_bytes_total', { coding: 'gzip' }), responseBody.length)
  })

  for (const coding of ['gzip', 'br', 'zstd'] as const) {
    it(`${coding}: each event of a stream goes out when it comes`, async () => {
      const { begin } = start({})
      const { transform } = begin(coding, 'text/event-stream')
      let sent = Buffer.alloc(0)
      for (let i = 0; i < 3; i++) {
        sent = Buffer.concat([sent, Buffer.from((await transform(Buffer.from(`data: ${i}\n\n`), false)) as Buffer)])
        assert.match(readSoFar(coding, sent), new RegExp(`data: ${i}\n\n$`))
      }
    })
  }

  it('compresses so many at the same time, and again when one has ended or broken off', async () => {
    const { begin, filter } = start({ maxConcurrent: 2 })
    const first = begin('gzip')
    const second = begin('br')
    assert.equal(begin('gzip').made, undefined)
    await first.transform(Buffer.from(text), true)
    const third = begin('gzip')
    assert.notEqual(third.made, undefined)
    assert.equal(begin('gzip').made, undefined)
    // It waits for what will not come any more.
    const piece = Promise.resolve(second.transform(Buffer.from(text), false))
    filter.onComplete?.({} as never, second.exchange)
    await piece.catch(() => {})
    assert.notEqual(begin('gzip').made, undefined)
    assert.equal(begin('gzip').made, undefined)
  })

  for (const [config, wrong] of [
    [{ compressors: [] }, 'spec.compressors'],
    [{ compressors: [{ type: 'gzip' }] }, 'spec.compressors[0].type'],
    [{ compressors: [{ type: 'Gzip' }, { type: 'Gzip' }] }, 'spec.compressors'],
    [{ compressors: [{ type: 'Gzip', level: 10 }] }, 'spec.compressors[0].level'],
    [{ compressors: [{ type: 'Zstd', level: 0 }] }, 'spec.compressors[0].level'],
    [{ contentTypes: ['*/*'] }, 'spec.contentTypes[0]'],
    [{ contentTypes: ['text'] }, 'spec.contentTypes[0]'],
    [{ minContentLength: 0 }, 'spec.minContentLength'],
  ] as const) {
    it(`refuses ${JSON.stringify(config)}`, () => {
      const decoded = compression.config.decode(config, 'spec')
      assert.ok(!decoded.ok)
      assert.equal(decoded.issues[0]?.path, wrong)
    })
  }
})

/** One filter, and bodies that begin in it. */
const start = (config: unknown) => {
  const decoded = compression.config.decode(config, 'spec')
  assert.ok(decoded.ok)
  const filter: Filter = compression.create(decoded.value, createFakeEnv())
  const begin = (coding: string, type = 'text/plain') => {
    const exchange = createExchange({ headers: [['accept-encoding', coding]] })
    void filter.onRequest?.(exchange)
    const headers = exchange.request.headers.clone()
    headers.set('content-type', type)
    exchange.response = { status: 200, headers }
    const made = filter.transformResponse?.(exchange) ?? undefined
    const transform: BodyTransform = (bytes, isLast) => made?.(bytes, isLast)
    return { exchange, made, transform }
  }
  return { filter, begin }
}

const readSoFar = (coding: Coding, bytes: Buffer): string => {
  const partial = { finishFlush: 2 }
  if (coding === 'gzip') return gunzipSync(bytes, partial).toString()
  // Operation 1 of either of them: flush.
  if (coding === 'br') return brotliDecompressSync(bytes, { finishFlush: 1 }).toString()
  return zstdDecompressSync(bytes, { finishFlush: 1 }).toString()
}
