import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import * as grpc from '@grpc/grpc-js'
import { createExchange, type ExchangeOptions } from 'fairway/filter/testing'
import type { Filter, Reply } from 'fairway/filter'
import { CallBed } from '../../../test/support/filter/call-bed.ts'
import rateLimit from '../rate-limit.ts'
import { decodeResponse } from './rls-messages.ts'

/** Fields of a message by number; those of messages inside are left as bytes. */
const fieldsOf = (bytes: Uint8Array): readonly (readonly [field: number, value: Buffer | number])[] => {
  const reader = new BinaryReader(bytes)
  const fields: [number, Buffer | number][] = []
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag()
    fields.push([field, type === WireType.LengthDelimited ? Buffer.from(reader.bytes()) : Number(reader.uint64())])
  }
  return fields
}

const bytesOf = (value: Buffer | number | undefined): Buffer => (value instanceof Buffer ? value : Buffer.alloc(0))
const all = (bytes: Uint8Array, wanted: number) =>
  fieldsOf(bytes).flatMap(([field, value]) => (field === wanted ? [value] : []))

/** As the service sees it: `a=1,b=2` for each descriptor. */
const readDescriptors = (request: Buffer): readonly string[] =>
  all(request, 2).map((descriptor) =>
    all(bytesOf(descriptor), 1)
      .map((entry) =>
        fieldsOf(bytesOf(entry))
          .map(([, value]) => String(value))
          .join('='),
      )
      .join(','),
  )

const identity = (bytes: Buffer): Buffer => bytes
const definition = {
  shouldRateLimit: {
    path: '/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit',
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  },
} satisfies grpc.ServiceDefinition

/** Lets two of each descriptor pass; whoever has `fail` in it is answered with an error, `never` not at all. */
const createService = () => {
  const seen = new Map<string, number>()
  const requests: Buffer[] = []
  const server = new grpc.Server()
  server.addService(definition, {
    shouldRateLimit: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
      requests.push(call.request)
      const descriptors = readDescriptors(call.request)
      if (descriptors.some((one) => one.includes('never'))) return
      if (descriptors.some((one) => one.includes('fail'))) return done({ code: 14, details: 'going down' }, null)
      const counts = descriptors.map((one) => {
        const count = (seen.get(one) ?? 0) + 1
        seen.set(one, count)
        return count
      })
      const answer = new BinaryWriter().tag(1, 0).int32(counts.some((count) => count > 2) ? 2 : 1)
      for (const count of counts) {
        const status = answer
          .tag(2, 2)
          .fork()
          .tag(1, 0)
          .int32(count > 2 ? 2 : 1)
        status.tag(2, 2).fork().tag(1, 0).uint32(2).tag(2, 0).int32(2).join()
        status
          .tag(3, 0)
          .uint32(Math.max(0, 2 - count))
          .tag(4, 2)
          .fork()
          .tag(1, 0)
          .int64(7)
          .join()
          .join()
      }
      done(null, Buffer.from(answer.finish()))
    },
  })
  return { server, requests }
}

describe('a limit that a service counts', () => {
  const service = createService()
  let bed: CallBed

  before(async () => {
    const bound = Promise.withResolvers<number>()
    service.server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? bound.resolve(port) : bound.reject(error),
    )
    bed = await CallBed.start({ h2Port: await bound.promise })
  })
  after(async () => {
    service.server.forceShutdown()
    await bed.close()
  })

  const open = (
    limits: readonly object[],
    more: object = {},
  ): ((options?: ExchangeOptions) => Promise<Reply | void>) => {
    const enforcement = {
      type: 'RLS',
      service: 'h2.shop:80',
      domain: 'shop',
      timeout: '900ms',
      failureMode: 'Closed',
      ...more,
    }
    const named = limits.map((limit) => ({ rate: { requests: 100, per: '1s' }, ...limit }))
    const decoded = rateLimit.config.decode({ limits: named, enforcement }, '')
    assert.ok(decoded.ok, JSON.stringify(decoded))
    const filter: Filter = rateLimit.create(decoded.value, bed.env)
    return async (options = {}) => filter.onRequest?.(createExchange(options))
  }

  it('is asked with a descriptor for each limit, and its answer holds', async () => {
    const key = [{ type: 'Header', name: 'x-user' }, { type: 'Method' }]
    const ask = open([
      { name: 'one', key },
      { name: 'two', matches: [{ methods: ['PUT'] }] },
    ])
    const ann = { headers: [['x-user', 'ann']] } as const
    assert.deepEqual([await ask(ann), await ask(ann)], [undefined, undefined])
    assert.deepEqual(readDescriptors(service.requests.at(-1) ?? Buffer.alloc(0)), [
      'generic_key=one,x-user=ann,method=GET',
    ])
    assert.deepEqual(
      fieldsOf(service.requests.at(-1) ?? Buffer.alloc(0)).map(([field, value]) => [
        field,
        field === 2 ? '' : String(value),
      ]),
      [
        [1, 'shop'],
        [2, ''],
        [3, '1'],
      ],
    )
    const refusal = await ask(ann)
    assert.deepEqual([refusal?.status, refusal?.reason], [429, 'rate_limited{one}'])
    const told = new Map(refusal?.headers)
    assert.equal(told.get('retry-after'), '7')
    assert.equal(told.get('ratelimit'), '"one";r=0;t=7')
    assert.equal(told.get('ratelimit-policy'), '"one";q=2;w=1')
    assert.equal(await ask({ method: 'PUT' }), undefined)
    assert.deepEqual(readDescriptors(service.requests.at(-1) ?? Buffer.alloc(0)), [
      'generic_key=one,x-user=-,method=PUT',
      'generic_key=two',
    ])
  })

  it('refuses nothing in shadow', async () => {
    const ask = open([{ name: 'dark', shadow: true }])
    assert.deepEqual([await ask(), await ask(), await ask()], [undefined, undefined, undefined])
  })

  it('is told different costs limit by limit', async () => {
    const cost = { request: { number: 5 } }
    await open([{ name: 'five', cost }, { name: 'plain' }])()
    const request = service.requests.at(-1) ?? Buffer.alloc(0)
    const hits = all(request, 2).map((one) => fieldsOf(bytesOf(all(bytesOf(one), 3)[0]))[0]?.[1])
    assert.deepEqual([hits, all(request, 3)], [[5, 1], []])
  })

  it('goes by the failure mode when it answers with an error, or not in time', async () => {
    const closed = await open([{ name: 'fail' }])()
    assert.deepEqual([closed?.status, closed?.flags], [503, 'RLSE'])
    assert.equal(await open([{ name: 'fail' }], { failureMode: 'Open' })(), undefined)
    const late = await open([{ name: 'never' }], { timeout: '30ms' })()
    assert.equal(late?.status, 503)
    const unknown = await open([{ name: 'one' }], { service: 'nobody.shop:80' })()
    assert.equal(unknown?.status, 503)
  })
})

describe('what a service answers', () => {
  it('may have more fields, and must be a message', () => {
    const bytes = new BinaryWriter().tag(9, 2).string('more').tag(1, 0).int32(2).finish()
    assert.deepEqual(decodeResponse(bytes), { isOver: true, statuses: [] })
    assert.throws(() => decodeResponse(Buffer.from([0x12, 0xff])))
  })
})
