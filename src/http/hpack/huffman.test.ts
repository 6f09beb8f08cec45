import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeHuffman, encodeHuffman, huffmanDecodedBound, huffmanSize } from './huffman.ts'

function decode(code: Buffer): string | undefined {
  const target = Buffer.alloc(huffmanDecodedBound(code.length))
  const size = decodeHuffman(code, 0, code.length, target)
  return size < 0 ? undefined : target.toString('latin1', 0, size)
}

function encode(text: string): Buffer {
  const target = Buffer.alloc(huffmanSize(text) + 8)
  const end = encodeHuffman(text, target, 3)
  assert.equal(end - 3, huffmanSize(text), 'the announced size is the written one')
  return target.subarray(3, end)
}

// RFC 7541 appendix C.4 and C.6.
const VECTORS: readonly (readonly [text: string, hex: string])[] = [
  ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
  ['no-cache', 'a8eb10649cbf'],
  ['custom-key', '25a849e95ba97d7f'],
  ['custom-value', '25a849e95bb8e8b4bf'],
  ['302', '6402'],
  ['307', '640eff'],
  ['private', 'aec3771a4b'],
  ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
  ['https://www.example.com', '9d29ad171863c78f0b97c8e9ae82ae43d3'],
  ['gzip', '9bd9ab'],
  ['', ''],
]

for (const [text, hex] of VECTORS) {
  test(`Huffman code of ${JSON.stringify(text)}`, () => {
    assert.equal(encode(text).toString('hex'), hex)
    assert.equal(decode(Buffer.from(hex, 'hex')), text)
  })
}

test('the code is complete: every octet and every pair of octets survives', () => {
  for (let a = 0; a < 256; a += 1) {
    assert.equal(decode(encode(String.fromCharCode(a))), String.fromCharCode(a))
    let all = ''
    for (let b = 0; b < 256; b += 1) all += String.fromCharCode(a, b)
    assert.equal(decode(encode(all)), all)
  }
})

const REFUSED: readonly (readonly [why: string, hex: string])[] = [
  ['a whole byte of padding', 'f1e3c2e5f23a6ba0ab90f4ffff'],
  ['nothing but eight bits of padding', 'ff'],
  ['padding with zeros', '00'],
  ['padding with a zero in it', 'f1e3c2e5f23a6ba0ab90f4fe'],
  ['EOS', 'ffffffff'],
  ['EOS after a symbol', '1fffffffff'],
  ['a long code cut short', 'fffffe'],
]

for (const [why, hex] of REFUSED) {
  test(`Huffman decoding refuses ${why}`, () => {
    assert.equal(decode(Buffer.from(hex, 'hex')), undefined)
  })
}

test('decoding stays within its slice', () => {
  const code = Buffer.concat([Buffer.from([0xff]), encode('no-cache'), Buffer.from([0x00])])
  const target = Buffer.alloc(32)
  assert.equal(decodeHuffman(code, 1, code.length - 1, target), 8)
  assert.equal(target.toString('latin1', 0, 8), 'no-cache')
})
