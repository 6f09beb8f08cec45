import assert from 'node:assert/strict'
import { HpackDecoder } from '../../src/http/hpack/decoder.ts'
import { HpackEncoder } from '../../src/http/hpack/encoder.ts'
import { type SeededRandom, seededRandom } from '../support/random.ts'

const NAMES = [':path', ':authority', ':status', 'accept', 'authorization', 'cookie', 'x-request-id', 'x-y', 'date']
const VALUES = ['', '/', '200', 'GET', 'gzip, deflate', 'x'.repeat(300), '\x00\x7f\x80\xff', 'application/json']
const TABLE_SIZES = [0, 1, 31, 32, 33, 64, 100, 1000, 4095, 4096, 65536]
const BLOCKS_PER_ROUND = 12

/** How long to fuzz and where to begin: round `n` uses `seed + n`, so that any round can be repeated alone. */
export interface HpackFuzzOptions {
  readonly rounds: number
  readonly seed: number
  /** Hears of each finished round. */
  readonly onRound?: (round: number) => void
}

/**
 * Two kinds of rounds: field lists through an encoder and a decoder whose table sizes change under way must come out
 * as they went in; damaged and invented blocks must end in a result, within the list limit and the table's size.
 */
export function fuzzHpack({ rounds, seed, onRound }: HpackFuzzOptions): void {
  for (let round = 0; round < rounds; round += 1) {
    const random = seededRandom(seed + round)
    try {
      roundTrip(random)
      hostile(random)
    } catch (error) {
      throw new Error(`hpack fuzz failed; repeat with --rounds 1 --seed ${seed + round}`, { cause: error })
    }
    onRound?.(round)
  }
}

function roundTrip(random: SeededRandom): void {
  const encoder = new HpackEncoder({ maxTableBytes: random.pick(TABLE_SIZES) })
  const decoder = new HpackDecoder({ maxTableBytes: 65536, maxListBytes: 1 << 20 })
  for (let block = 0; block < BLOCKS_PER_ROUND; block += 1) {
    if (random.chance(0.3)) encoder.setMaxTableBytes(random.pick(TABLE_SIZES))
    if (random.chance(0.1)) encoder.neverIndex(random.pick(NAMES))
    const fields = randomFields(random)
    const encoded = encode(encoder, fields)
    const result = decoder.decode(encoded, 0, encoded.length)
    assert.equal(result.kind, 'ok', result.kind === 'compression' ? result.message : result.kind)
    if (result.kind === 'ok') assert.deepEqual(result.fields, fields)
    assert.equal(decoder.tableBytes, encoder.tableBytes)
  }
}

function hostile(random: SeededRandom): void {
  const maxListBytes = random.pick([0, 40, 200, 5000])
  const decoder = new HpackDecoder({ maxListBytes })
  const encoder = new HpackEncoder()
  for (let block = 0; block < BLOCKS_PER_ROUND; block += 1) {
    const bytes = random.chance(0.5) ? damage(encode(encoder, randomFields(random)), random) : randomBytes(random, 80)
    const result = decoder.decode(bytes, 0, bytes.length)
    assert.ok(decoder.tableBytes <= 4096)
    if (result.kind === 'compression') {
      assert.ok(result.message.length > 0)
      return
    }
    let listBytes = 0
    for (const field of result.fields) listBytes += field.length + 16
    assert.ok(listBytes <= maxListBytes, `${listBytes} bytes in a list of at most ${maxListBytes}`)
    assert.equal(result.fields.length % 2, 0)
  }
}

function encode(encoder: HpackEncoder, fields: readonly string[]): Buffer {
  const target = Buffer.alloc(HpackEncoder.bound(fields))
  return target.subarray(0, encoder.encode(fields, target, 0))
}

function randomFields(random: SeededRandom): string[] {
  const fields: string[] = []
  for (let count = random.below(10); count > 0; count -= 1) {
    fields.push(
      random.chance(0.8) ? random.pick(NAMES) : randomBytes(random, 20).toString('latin1'),
      random.chance(0.7) ? random.pick(VALUES) : randomBytes(random, 60).toString('latin1'),
    )
  }
  return fields
}

function randomBytes(random: SeededRandom, limit: number): Buffer {
  const bytes = Buffer.alloc(random.below(limit))
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = random.below(256)
  return bytes
}

function damage(block: Buffer, random: SeededRandom): Buffer {
  for (let count = random.below(4); count > 0 && block.length > 0; count -= 1) {
    block[random.below(block.length)] = random.below(256)
  }
  return block.subarray(0, random.chance(0.3) ? random.below(block.length + 1) : block.length)
}
