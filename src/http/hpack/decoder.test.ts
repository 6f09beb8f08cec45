import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HpackDecoder, type HpackDecoderOptions } from './decoder.ts'

function decodeHex(decoder: HpackDecoder, hex: string): ReturnType<HpackDecoder['decode']> {
  const block = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  return decoder.decode(block, 0, block.length)
}

function fieldsOf(decoder: HpackDecoder, hex: string): readonly string[] {
  const result = decodeHex(decoder, hex)
  assert.equal(result.kind, 'ok', result.kind === 'compression' ? result.message : result.kind)
  return result.kind === 'ok' ? result.fields : []
}

interface Step {
  readonly hex: string
  readonly fields: readonly string[]
  readonly tableBytes: number
}

const REQUEST_1 = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'www.example.com']
const REQUEST_2 = [...REQUEST_1, 'cache-control', 'no-cache']
const REQUEST_3 = [
  ...[':method', 'GET', ':scheme', 'https', ':path', '/index.html', ':authority', 'www.example.com'],
  ...['custom-key', 'custom-value'],
]
const DATE_1 = 'Mon, 21 Oct 2013 20:13:21 GMT'
const DATE_2 = 'Mon, 21 Oct 2013 20:13:22 GMT'
const LOCATION = ['location', 'https://www.example.com']
const RESPONSE_1 = [':status', '302', 'cache-control', 'private', 'date', DATE_1, ...LOCATION]
const RESPONSE_2 = [':status', '307', 'cache-control', 'private', 'date', DATE_1, ...LOCATION]
const RESPONSE_3 = [
  ...[':status', '200', 'cache-control', 'private', 'date', DATE_2, ...LOCATION, 'content-encoding', 'gzip'],
  ...['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
]
/** The table of appendix C.5 and C.6 has 256 bytes: said here by a size update in front of the first block. */
const TABLE_OF_256 = '3fe101'

// RFC 7541 appendix C.3 to C.6: sequences of blocks on one connection, with the table's size after each.
const SEQUENCES: readonly (readonly [name: string, steps: readonly Step[]])[] = [
  [
    'C.3 requests without Huffman coding',
    [
      { hex: '828684410f7777772e6578616d706c652e636f6d', fields: REQUEST_1, tableBytes: 57 },
      { hex: '828684be58086e6f2d6361636865', fields: REQUEST_2, tableBytes: 110 },
      {
        hex: '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
        fields: REQUEST_3,
        tableBytes: 164,
      },
    ],
  ],
  [
    'C.4 requests with Huffman coding',
    [
      { hex: '828684418cf1e3c2e5f23a6ba0ab90f4ff', fields: REQUEST_1, tableBytes: 57 },
      { hex: '828684be5886a8eb10649cbf', fields: REQUEST_2, tableBytes: 110 },
      { hex: '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', fields: REQUEST_3, tableBytes: 164 },
    ],
  ],
  [
    'C.5 responses without Huffman coding, with eviction',
    [
      {
        hex:
          `${TABLE_OF_256}4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54` +
          '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        fields: RESPONSE_1,
        tableBytes: 222,
      },
      { hex: '4803333037c1c0bf', fields: RESPONSE_2, tableBytes: 222 },
      {
        hex:
          '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48' +
          '514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
        fields: RESPONSE_3,
        tableBytes: 215,
      },
    ],
  ],
  [
    'C.6 responses with Huffman coding, with eviction',
    [
      {
        hex:
          `${TABLE_OF_256}488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff` +
          '6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        fields: RESPONSE_1,
        tableBytes: 222,
      },
      { hex: '4883640effc1c0bf', fields: RESPONSE_2, tableBytes: 222 },
      {
        hex:
          '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af' +
          '27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
        fields: RESPONSE_3,
        tableBytes: 215,
      },
    ],
  ],
]

for (const [name, steps] of SEQUENCES) {
  test(`RFC 7541 appendix ${name}`, () => {
    const decoder = new HpackDecoder()
    for (const step of steps) {
      assert.deepEqual(fieldsOf(decoder, step.hex), step.fields)
      assert.equal(decoder.tableBytes, step.tableBytes)
    }
  })
}

test('RFC 7541 appendix C.2: the four representations', () => {
  assert.deepEqual(fieldsOf(new HpackDecoder(), '400a637573746f6d2d6b65790d637573746f6d2d686561646572'), [
    'custom-key',
    'custom-header',
  ])
  assert.deepEqual(fieldsOf(new HpackDecoder(), '040c2f73616d706c652f70617468'), [':path', '/sample/path'])
  assert.deepEqual(fieldsOf(new HpackDecoder(), '100870617373776f726406736563726574'), ['password', 'secret'])
  assert.deepEqual(fieldsOf(new HpackDecoder(), '82'), [':method', 'GET'])
})

test('a name that came as never indexed is reported once, unless it is sensitive anyway', () => {
  const result = decodeHex(new HpackDecoder(), '100161 0162 100161 0163 1f08 0164')
  assert.deepEqual(result, {
    kind: 'ok',
    fields: ['a', 'b', 'a', 'c', 'authorization', 'd'],
    neverIndexed: ['a'],
  })
})

// Each is a connection error COMPRESSION_ERROR (RFC 9113 section 4.3).
const REFUSED: readonly (readonly [why: string, hex: string, message: RegExp])[] = [
  ['index 0', '80', /index 0/],
  ['an index into an empty dynamic table', 'be', /index 62 in a table of 61/],
  ['a name index beyond the tables', '7f00 0161', /index 63/],
  ['an index that is cut short', 'ff', /ends within an integer/],
  ['an integer that is padded without end', 'ff 80 80 80 80 80 00', /continuation bytes/],
  ['an integer beyond 32 bits', 'ff ff ff ff ff 7f', /continuation bytes/],
  ['a literal without a name', '40', /ends before a string/],
  ['a literal without a value', '40 01 61', /ends before a string/],
  ['a name longer than the block', '40 05 61', /string of 5 bytes where 1 are left/],
  ['a value longer than the block', '44 7f ff ff 03 61', /string of/],
  ['a string length that overflows', '44 7f ff ff ff ff ff', /continuation bytes/],
  ['a value with bad Huffman padding', '44 81 00', /Huffman/],
  ['a value with EOS', '44 84 ff ff ff ff', /Huffman/],
  ['a size update after a field', '82 20', /after the first field/],
  ['a size update above what we advertise', '3f e2 1f', /4097 bytes, allowed are 4096/],
  ['a size update that is cut short', '3f', /ends within an integer/],
]

for (const [why, hex, message] of REFUSED) {
  test(`refuses ${why}`, () => {
    const result = decodeHex(new HpackDecoder(), hex)
    assert.equal(result.kind, 'compression')
    if (result.kind === 'compression') assert.match(result.message, message)
  })
}

test('every truncation of a good block is an error or a shorter list, never a crash', () => {
  const block = Buffer.from('828684418cf1e3c2e5f23a6ba0ab90f4ff408825a849e95ba97d7f8925a849e95bb8e8b4bf', 'hex')
  for (let end = 0; end < block.length; end += 1) {
    const result = new HpackDecoder().decode(block, 0, end)
    if (result.kind === 'ok') assert.ok(result.fields.length < 10)
    else assert.equal(result.kind, 'compression')
  }
})

test('a block is read only between start and end', () => {
  const block = Buffer.from('ff8286ff', 'hex')
  const result = new HpackDecoder().decode(block, 1, 3)
  assert.deepEqual(result.kind === 'ok' && result.fields, [':method', 'GET', ':scheme', 'http'])
})

test('a string as long as its length says, at every boundary of the integer coding', () => {
  for (const length of [0, 1, 126, 127, 128, 254, 255, 256, 16510, 16511]) {
    const rest = length - 127
    const prefix =
      length < 127
        ? [length]
        : rest < 128
          ? [127, rest]
          : rest < 16384
            ? [127, (rest & 127) | 128, rest >> 7]
            : [127, (rest & 127) | 128, ((rest >> 7) & 127) | 128, rest >> 14]
    const block = Buffer.concat([Buffer.from([0x04, ...prefix]), Buffer.alloc(length, 'x')])
    const result = new HpackDecoder().decode(block, 0, block.length)
    assert.deepEqual(result.kind === 'ok' && result.fields, [':path', 'x'.repeat(length)])
  }
})

test('a list over the limit is cut, and the table stays in step', () => {
  const decoder = new HpackDecoder({ maxListBytes: 100 })
  // :method GET is 42 bytes, a=b 34, c=d 34: the third goes over.
  const result = decodeHex(decoder, '82 40 0161 0162 40 0163 0164')
  assert.deepEqual(result, { kind: 'too-large', fields: [':method', 'GET', 'a', 'b'] })
  assert.deepEqual(fieldsOf(decoder, 'be bf'), ['c', 'd', 'a', 'b'])
})

test('a list of exactly the limit passes', () => {
  assert.equal(decodeHex(new HpackDecoder({ maxListBytes: 84 }), '8282').kind, 'ok')
  assert.equal(decodeHex(new HpackDecoder({ maxListBytes: 83 }), '8282').kind, 'too-large')
})

test('a small block that refers to one large entry again and again is bounded by the list limit', () => {
  const decoder = new HpackDecoder()
  const large = Buffer.concat([Buffer.from([0x40, 0x01, 0x61, 0x7f, 0xa1, 0x1e]), Buffer.alloc(4000, 'x')])
  const bomb = Buffer.concat([large, Buffer.alloc(10_000, 0xbe)])
  const result = decoder.decode(bomb, 0, bomb.length)
  assert.equal(result.kind, 'too-large')
  assert.ok(result.kind === 'too-large' && result.fields.length <= 2 * 17)
})

test('an entry larger than the table empties it and is still delivered', () => {
  const decoder = new HpackDecoder()
  // Size 40, a=b fits; a value of 20 does not (RFC 7541 section 4.4).
  assert.deepEqual(fieldsOf(decoder, '3f09 40 0161 0162'), ['a', 'b'])
  assert.equal(decoder.tableBytes, 34)
  assert.deepEqual(fieldsOf(decoder, `7e 14 ${'78'.repeat(20)}`), ['a', 'x'.repeat(20)])
  assert.equal(decoder.tableBytes, 0)
  assert.equal(decodeHex(decoder, 'be').kind, 'compression')
})

interface TableGame {
  readonly name: string
  readonly options: HpackDecoderOptions
  readonly acknowledged: boolean
  readonly hex: string
  readonly kind: 'ok' | 'compression'
}

const TABLE_GAMES: readonly TableGame[] = [
  { name: 'two updates, to 0 and back', options: {}, acknowledged: true, hex: '20 3fe11f 82', kind: 'ok' },
  { name: 'a third update', options: {}, acknowledged: true, hex: '20 3fe11f 20 82', kind: 'compression' },
  { name: 'an update between two fields', options: {}, acknowledged: true, hex: '82 20 82', kind: 'compression' },
  { name: 'an update above the limit', options: {}, acknowledged: true, hex: '3fe21f 82', kind: 'compression' },
  { name: 'an update to 2^28', options: {}, acknowledged: true, hex: '3fe1ffff7f 82', kind: 'compression' },
  {
    name: 'the default size before our smaller SETTINGS are acknowledged',
    options: { maxTableBytes: 0 },
    acknowledged: false,
    hex: '3fe11f 400161 0162 be',
    kind: 'ok',
  },
  {
    name: 'no update after smaller SETTINGS were acknowledged',
    options: { maxTableBytes: 0 },
    acknowledged: true,
    hex: '82',
    kind: 'compression',
  },
  { name: 'an empty block instead', options: { maxTableBytes: 0 }, acknowledged: true, hex: '', kind: 'compression' },
  {
    name: 'the update that those SETTINGS ask for',
    options: { maxTableBytes: 0 },
    acknowledged: true,
    hex: '20 82 400161 0162',
    kind: 'ok',
  },
  {
    name: 'an entry in a table of 0',
    options: { maxTableBytes: 0 },
    acknowledged: true,
    hex: '20 400161 0162 be',
    kind: 'compression',
  },
  {
    name: 'a larger table when we advertise one',
    options: { maxTableBytes: 65536 },
    acknowledged: false,
    hex: '3fe1ff03 82',
    kind: 'ok',
  },
]

for (const game of TABLE_GAMES) {
  test(`table size: ${game.name}`, () => {
    const decoder = new HpackDecoder(game.options)
    if (game.acknowledged) decoder.settingsAcknowledged()
    assert.equal(decodeHex(decoder, game.hex).kind, game.kind)
  })
}

test('entries that fill the table to the last byte stay, one byte more evicts', () => {
  const filled = new HpackDecoder()
  // Two entries of 34 bytes in a table of 68 (section 4.4), then in one of 67.
  assert.deepEqual(fieldsOf(filled, '3f25 400161 0162 400163 0164 bf'), ['a', 'b', 'c', 'd', 'a', 'b'])
  assert.equal(filled.tableBytes, 68)
  assert.equal(decodeHex(new HpackDecoder(), '3f24 400161 0162 400163 0164 bf').kind, 'compression')
})

test('a size to and fro between blocks loses what was in the table', () => {
  const decoder = new HpackDecoder()
  for (let i = 0; i < 100; i += 1) {
    assert.deepEqual(fieldsOf(decoder, '400161 0162 be'), ['a', 'b', 'a', 'b'])
    assert.equal(decoder.tableBytes, 34)
    assert.equal(fieldsOf(decoder, '20 3fe11f 82')[1], 'GET')
    assert.equal(decoder.tableBytes, 0)
  }
  assert.equal(decodeHex(decoder, 'be').kind, 'compression')
})

test('a bomb is cut: a block that refers 16,000 times to one large field holds what the limit allows', () => {
  const decoder = new HpackDecoder()
  const large = Buffer.from(`\x40\x01x\x7f\xa1\x1e${'y'.repeat(4000)}`, 'latin1')
  const bomb = Buffer.concat([large, Buffer.alloc(16_000, 0xbe)])
  const result = decoder.decode(bomb, 0, bomb.length)
  assert.equal(result.kind, 'too-large')
  // Of 64 MB, 64 KiB; and each value is the table's own string.
  assert.equal(result.kind === 'too-large' && result.fields.length, 32)
  assert.ok(decoder.tableBytes <= 4096)
})

// Each new name was looked for among all before it: 100 KB of them took three seconds.
test('of names that must not be indexed, as many are told as have nothing indexed any more', () => {
  const names = Array.from({ length: 1000 }, (_, i) => String(1000 + i))
  const block = Buffer.from(names.map((name) => `\x10\x04${name}\x00`).join(''), 'latin1')
  const result = new HpackDecoder().decode(block, 0, block.length)
  assert.deepEqual(result.kind === 'ok' && result.neverIndexed, names.slice(0, 65))
})
