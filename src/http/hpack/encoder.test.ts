import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HpackDecoder } from './decoder.ts'
import { HpackEncoder } from './encoder.ts'

function encode(encoder: HpackEncoder, fields: readonly string[]): Buffer {
  const target = Buffer.alloc(HpackEncoder.bound(fields) + 5, 0xee)
  const end = encoder.encode(fields, target, 5)
  assert.ok(end <= target.length, 'the block is within its bound')
  assert.ok(target.subarray(end).every((byte) => byte === 0xee))
  return target.subarray(5, end)
}

function decode(decoder: HpackDecoder, block: Buffer): readonly string[] {
  const result = decoder.decode(block, 0, block.length)
  assert.equal(result.kind, 'ok', result.kind === 'compression' ? result.message : '')
  return result.kind === 'ok' ? result.fields : []
}

const REQUEST = [
  ...[':method', 'GET', ':scheme', 'https', ':path', '/api/v1/items?page=3', ':authority', 'reviews.shop.svc:9080'],
  ...['user-agent', 'curl/8.14.1', 'accept', '*/*', 'x-request-id', '2f1b6a3e-8f0e-4f0e-9a51-5c1f1f0a7c11'],
]

test('what is in the static table takes one byte', () => {
  assert.equal(encode(new HpackEncoder(), [':method', 'GET', ':status', '404', 'accept', '']).toString('hex'), '828d93')
})

test('the first literal matches RFC 7541 appendix C.4.1', () => {
  const block = encode(new HpackEncoder(), [
    ...[':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com'],
  ])
  assert.equal(block.toString('hex'), '828684418cf1e3c2e5f23a6ba0ab90f4ff')
})

test('a repeated list shrinks to indices once each field was seen twice', () => {
  const encoder = new HpackEncoder()
  const decoder = new HpackDecoder()
  const sizes: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const block = encode(encoder, REQUEST)
    assert.deepEqual(decode(decoder, block), REQUEST)
    sizes.push(block.length)
  }
  assert.equal(sizes[2], 7)
  assert.ok((sizes[0] ?? 0) > 60)
})

test('values that never repeat do not enter the table', () => {
  const encoder = new HpackEncoder()
  encode(encoder, ['user-agent', 'a'])
  const before = encoder.tableBytes
  for (let id = 0; id < 1000; id += 1) encode(encoder, ['x-request-id', `id-${id}`, ':path', `/items/${id}`])
  assert.equal(encoder.tableBytes, before)
  assert.equal(encode(encoder, ['user-agent', 'a']).length, 1)
})

test('secrets are literals that are never indexed, however often they come', () => {
  for (const name of ['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'x-api-key']) {
    const encoder = new HpackEncoder()
    for (let round = 0; round < 3; round += 1) {
      const block = encode(encoder, [name, 'secret'])
      assert.equal((block[0] ?? 0) >> 4, 1, name)
    }
    assert.equal(encoder.tableBytes, 0)
  }
})

test('a name that the other side never indexed is passed on the same way', () => {
  const encoder = new HpackEncoder()
  const field = ['x-token', 'secret']
  encoder.neverIndex('x-token')
  for (let round = 0; round < 3; round += 1) encode(encoder, field)
  assert.equal(encoder.tableBytes, 0)
  const result = new HpackDecoder().decode(encode(encoder, field), 0, encode(encoder, field).length)
  assert.deepEqual(result.kind === 'ok' && result.neverIndexed, ['x-token'])
})

test('a peer that marks names without end costs the table, for good', () => {
  const encoder = new HpackEncoder()
  const decoder = new HpackDecoder()
  for (let i = 0; i < 65; i += 1) encoder.neverIndex(`name-${i}`)
  encoder.setMaxTableBytes(4096)
  const fields = ['name-64', 'secret', 'user-agent', 'a']
  for (let round = 0; round < 3; round += 1) assert.deepEqual(decode(decoder, encode(encoder, fields)), fields)
  assert.equal(encoder.tableBytes, 0)
})

test('long values are sent without indexing', () => {
  const encoder = new HpackEncoder()
  encode(encoder, ['user-agent', 'x'.repeat(257)])
  assert.equal(encoder.tableBytes, 0)
})

test('a string goes out raw where Huffman coding would not be shorter', () => {
  const raw = encode(new HpackEncoder(), [':path', '\x80\x81\xff'])
  assert.equal(raw.toString('hex'), '04038081ff')
})

test('a smaller table is announced at the start of the next block, and only once', () => {
  const encoder = new HpackEncoder()
  const decoder = new HpackDecoder({ maxTableBytes: 60 })
  decode(decoder, encode(encoder, REQUEST))
  encoder.setMaxTableBytes(60)
  decoder.settingsAcknowledged()
  const block = encode(encoder, REQUEST)
  assert.equal(block.subarray(0, 2).toString('hex'), '3f1d')
  assert.deepEqual(decode(decoder, block), REQUEST)
  assert.ok(encoder.tableBytes <= 60)
  assert.notEqual((encode(encoder, [':method', 'GET'])[0] ?? 0) >> 5, 1)
})

test('of several changes between two blocks, the smallest and the last are announced', () => {
  const encoder = new HpackEncoder()
  const decoder = new HpackDecoder()
  decode(decoder, encode(encoder, REQUEST))
  for (const bytes of [1000, 0, 500, 2000]) encoder.setMaxTableBytes(bytes)
  const block = encode(encoder, REQUEST)
  assert.equal(block.subarray(0, 4).toString('hex'), '203fb10f')
  assert.deepEqual(decode(decoder, block), REQUEST)
})

test('our own limit holds against a peer that allows more, and is announced when below the default', () => {
  const encoder = new HpackEncoder({ maxTableBytes: 100 })
  encoder.setMaxTableBytes(1_000_000)
  const block = encode(encoder, [':method', 'GET'])
  assert.equal(block.toString('hex'), '3f4582')
  const unchanged = new HpackEncoder()
  unchanged.setMaxTableBytes(1_000_000)
  assert.equal(encode(unchanged, [':method', 'GET']).toString('hex'), '82')
})

test('eviction keeps encoder and decoder in step over thousands of repeated and changing fields', () => {
  const encoder = new HpackEncoder()
  const decoder = new HpackDecoder()
  for (let i = 0; i < 3000; i += 1) {
    const fields = [':authority', `host-${i % 150}.example`, 'server', `v${i % 7}`, 'x-a', `${i >> 1}`, 'x-a', 'fixed']
    assert.deepEqual(decode(decoder, encode(encoder, fields)), fields)
    assert.equal(encoder.tableBytes, decoder.tableBytes)
  }
  assert.ok(encoder.tableBytes > 3500)
})

test('several values of one name are all found again', () => {
  const encoder = new HpackEncoder()
  const fields = ['accept', 'text/html', 'accept', 'text/plain', 'accept', 'image/png']
  encode(encoder, fields)
  assert.equal(encode(encoder, fields).length, 3)
})
