import assert from 'node:assert/strict'
import { HpackDecoder } from '../../../../src/http/hpack/decoder.ts'
import { HpackEncoder } from '../../../../src/http/hpack/encoder.ts'
import type { SeededRandom } from '../../../support/random.ts'
import { chanceTarget } from '../../engine/chance-target.ts'
import { encodeBlock } from '../../support/hpack-blocks.ts'
import { PlainHpack } from '../../support/plain-hpack.ts'

const NAMES = [':path', ':authority', ':status', 'accept', 'authorization', 'cookie', 'x-request-id', 'x-y', 'date']
const VALUES = ['', '/', '200', 'GET', 'gzip, deflate', 'x'.repeat(300), '\x00\x7f\x80\xff', 'application/json']
const TABLE_SIZES = [0, 1, 31, 32, 33, 64, 100, 1000, 4095, 4096, 65536]
const BLOCKS_PER_ROUND = 12

/** Field lists through an encoder, while table sizes change under way, come out of two decoders as they went in. */
export const hpackPairTarget = chanceTarget('hpack-pair', 300, (random) => {
  const encoder = new HpackEncoder({ maxTableBytes: random.pick(TABLE_SIZES) })
  const decoder = new HpackDecoder({ maxTableBytes: 65536, maxListBytes: 1 << 20 })
  const plain = new PlainHpack(65536)
  for (let block = 0; block < BLOCKS_PER_ROUND; block += 1) {
    if (random.chance(0.3)) encoder.setMaxTableBytes(random.pick(TABLE_SIZES))
    if (random.chance(0.1)) encoder.neverIndex(random.pick(NAMES))
    const fields = randomFields(random)
    const encoded = encodeBlock(encoder, fields)
    const result = decoder.decode(encoded, 0, encoded.length)
    assert.equal(result.kind, 'ok', result.kind === 'compression' ? result.message : result.kind)
    if (result.kind === 'ok') assert.deepEqual(result.fields, fields)
    assert.deepEqual(plain.decode(encoded), fields)
    assert.deepEqual([decoder.tableBytes, plain.tableBytes], [encoder.tableBytes, encoder.tableBytes])
  }
  return 'ok'
})

function randomFields(random: SeededRandom): string[] {
  const fields: string[] = []
  for (let count = random.below(10); count > 0; count -= 1) {
    fields.push(
      random.chance(0.8) ? random.pick(NAMES) : randomText(random, 20),
      random.chance(0.7) ? random.pick(VALUES) : randomText(random, 60),
    )
  }
  return fields
}

function randomText(random: SeededRandom, limit: number): string {
  return Buffer.from(Array.from({ length: random.below(limit) }, () => random.below(256))).toString('latin1')
}
