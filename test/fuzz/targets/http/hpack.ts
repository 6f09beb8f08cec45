import assert from 'node:assert/strict'
import { HpackDecoder } from '../../../../src/http/hpack/decoder.ts'
import { HpackEncoder } from '../../../../src/http/hpack/encoder.ts'
import { isSensitiveName } from '../../../../src/http/hpack/sensitive.ts'
import type { SeededRandom } from '../../../support/random.ts'
import { mutateBytes, splice } from '../../mutate/bytes.ts'
import type { FuzzTarget } from '../../engine/target.ts'
import { encodeBlock, literalBlock, randomRepresentation } from '../../support/hpack-blocks.ts'
import { PlainHpack } from '../../support/plain-hpack.ts'

/** One block of a sequence: its length in two bytes, then itself. `0xffff` stands for the peer's SETTINGS answer. */
const ACKNOWLEDGED = 0xffff
const TABLE_BYTES = [0, 64, 4096, 4096, 8192]
const LIST_BYTES = [0, 40, 200, 5000, 65_536, 65_536]

/** What our decoder is given may lie in any buffer; these bytes around it must not matter. */
const AROUND = [Buffer.alloc(8, 0xff), Buffer.alloc(8, 0x00), Buffer.alloc(8, 0x82)]

/**
 * Header blocks of one direction of a connection, one after the other. Our decoder must agree with the plain one, keep
 * to its limits, read only its block, and what it gives must survive our encoder.
 */
export const hpackTarget: FuzzTarget = {
  name: 'hpack',
  format: 'hex',
  formatLines: (input) => formatBlocks(input),
  maxInputBytes: 2048,
  shortRounds: 1500,
  seeds,
  mutate,
  check,
}

function seeds(): readonly Buffer[] {
  const request = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'api.shop', 'user-agent', 'curl/8']
  const secret = ['authorization', 'Bearer abc', 'cookie', 'a=b', 'x-secret', 'c']
  const encoder = new HpackEncoder()
  const small = new HpackEncoder({ maxTableBytes: 100 })
  return [
    writeBlocks([request, request, [...request, ...secret]].map((fields) => encodeBlock(encoder, fields))),
    writeBlocks([request, secret, request].map((fields) => encodeBlock(small, fields))),
    writeBlocks([literalBlock(request), literalBlock(secret, true), literalBlock(['x-long', 'v'.repeat(500)], true)]),
    writeBlocks([Buffer.from('3fe11f', 'hex'), Buffer.from('20', 'hex'), Buffer.from('2082', 'hex')]),
  ]
}

/** Blocks with their lengths in front. */
function writeBlocks(blocks: readonly Buffer[]): Buffer {
  return Buffer.concat(blocks.flatMap((block) => [Buffer.of(block.length >> 8, block.length & 0xff), block]))
}

/** `undefined` stands for the peer's SETTINGS answer. */
function readBlocks(input: Buffer): readonly (Buffer | undefined)[] {
  const blocks: (Buffer | undefined)[] = []
  for (let at = 0; at + 2 <= input.length;) {
    const length = input.readUInt16BE(at)
    const isAnswer = length === ACKNOWLEDGED
    const end = isAnswer ? at + 2 : Math.min(input.length, at + 2 + length)
    blocks.push(isAnswer ? undefined : input.subarray(at + 2, end))
    at = end
  }
  return blocks
}

/** A block in a line, its length apart; the rest may be cut. */
function formatBlocks(input: Buffer): readonly string[] {
  const lines: string[] = []
  let at = 0
  for (const block of readBlocks(input)) {
    const start = at + 2
    at = start + (block?.length ?? 0)
    const note = block === undefined ? '# SETTINGS are acknowledged' : block.toString('hex')
    lines.push(`${input.toString('hex', start - 2, start)} ${note}`.trim())
  }
  return at < input.length ? [...lines, input.toString('hex', at)] : lines
}

function mutate(input: Buffer, other: Buffer, random: SeededRandom): Buffer {
  if (random.chance(0.35)) return mutateBytes(input, other, random)
  const blocks = readBlocks(input).filter((block) => block !== undefined)
  const at = random.below(blocks.length + 1)
  const block = blocks[at] ?? Buffer.alloc(0)
  switch (random.below(7)) {
    case 0:
      blocks.splice(at, 1, Buffer.concat([randomRepresentation(random), block]))
      break
    case 1:
    case 2:
      blocks.splice(at, 1, Buffer.concat([block, randomRepresentation(random)]))
      break
    case 3:
      blocks.splice(at, 0, block)
      break
    case 4:
      blocks.splice(at, 1)
      break
    case 5:
      blocks.splice(at, 1, mutateBytes(block, random.pick([readBlocks(other)[0] ?? other, other]), random))
      break
    default:
      blocks.splice(at, 1, block.subarray(0, random.below(block.length + 1)))
  }
  const whole = writeBlocks(blocks.slice(0, 12))
  return random.chance(0.1) ? splice(whole, 0, 0, Buffer.of(0xff, 0xff)) : whole
}

function check(input: Buffer, random: SeededRandom): string {
  const maxTableBytes = random.pick(TABLE_BYTES)
  const maxListBytes = random.pick(LIST_BYTES)
  const decoder = new HpackDecoder({ maxTableBytes, maxListBytes })
  const plain = new PlainHpack(maxTableBytes)
  const again = { encoder: new HpackEncoder(), decoder: new HpackDecoder({ maxListBytes: 1 << 22 }) }
  let outcome = ''
  let allowed = Math.max(maxTableBytes, 4096)
  for (const block of readBlocks(input)) {
    if (block === undefined) {
      decoder.settingsAcknowledged()
      plain.settingsAcknowledged()
      allowed = maxTableBytes
      continue
    }
    const [before, after] = [random.pick(AROUND), random.pick(AROUND)]
    const result = decoder.decode(Buffer.concat([before, block, after]), before.length, before.length + block.length)
    const expected = plain.decode(block)
    if (result.kind === 'compression') {
      assert.equal(expected, undefined, `refused (${result.message}), yet it is well-formed`)
      return `${outcome}${result.message.replace(/\d+/g, '#')}`
    }
    assert.ok(expected !== undefined, 'accepted, yet it is malformed')
    checkFields(result, expected, maxListBytes)
    assert.equal(decoder.tableBytes, plain.tableBytes)
    assert.ok(decoder.tableBytes <= allowed, `a table of ${decoder.tableBytes} bytes, allowed are ${allowed}`)
    if (result.kind === 'ok') checkAgain(again, result)
    outcome += `${result.kind[0]}${Math.min(9, result.fields.length >> 1)}${Math.min(9, decoder.tableBytes >> 6)} `
  }
  return outcome
}

type Decoded = Exclude<ReturnType<HpackDecoder['decode']>, { kind: 'compression' }>

/** The same fields, or as many of them as the limit leaves room for. */
function checkFields({ kind, fields }: Decoded, expected: readonly string[], maxListBytes: number): void {
  let listBytes = 0
  for (const text of expected) listBytes += text.length + 16
  assert.equal(kind, listBytes <= maxListBytes ? 'ok' : 'too-large')
  if (kind === 'ok') assert.ok(isSame(fields, expected), 'another reading of the fields')
  let keptBytes = 0
  for (const text of fields) keptBytes += text.length + 16
  assert.ok(keptBytes <= maxListBytes, `${keptBytes} bytes in a list of at most ${maxListBytes}`)
}

/** Through our encoder and back: the same fields, and what must not be indexed stays so. */
function checkAgain(
  { encoder, decoder }: { readonly encoder: HpackEncoder; readonly decoder: HpackDecoder },
  { fields, neverIndexed }: Extract<Decoded, { kind: 'ok' }>,
): void {
  for (const name of neverIndexed) encoder.neverIndex(name)
  const block = encodeBlock(encoder, fields)
  assert.ok(block.length <= HpackEncoder.bound(fields))
  const result = decoder.decode(block, 0, block.length)
  assert.ok(result.kind === 'ok' && isSame(result.fields, fields), 'encoded and decoded it is something else')
  const names = fields.filter((_text, i) => i % 2 === 0)
  for (const name of neverIndexed)
    assert.ok(result.neverIndexed.includes(name) || isSensitiveName(name) || !names.includes(name), `${name} indexed`)
  assert.equal(decoder.tableBytes, encoder.tableBytes)
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i])
}
