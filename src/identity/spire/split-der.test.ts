import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitDer } from './split-der.ts'

const value = (length: number): Buffer => {
  const head =
    length < 0x80
      ? [length]
      : length < 0x100
        ? [0x81, length]
        : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  return Buffer.concat([Buffer.from([0x30, ...head]), Buffer.alloc(length, 7)])
}

for (const lengths of [[], [0], [127], [128, 255, 256], [3, 70_000, 2]]) {
  test(`values of ${lengths.join(', ') || 'no'} bytes are told apart`, () => {
    const values = lengths.map(value)
    assert.deepEqual(
      splitDer(Buffer.concat(values))?.map((bytes) => Buffer.from(bytes)),
      values,
    )
  })
}

const bad: readonly { readonly what: string; readonly bytes: Uint8Array }[] = [
  { what: 'a value that is cut off', bytes: Buffer.concat([value(5), value(300).subarray(0, 299)]) },
  { what: 'a head that is cut off', bytes: Buffer.from([0x30]) },
  { what: 'a length that is cut off', bytes: Buffer.from([0x30, 0x82, 1]) },
  { what: 'something else than a sequence', bytes: Buffer.from([0x31, 0]) },
  { what: 'the indefinite form', bytes: Buffer.from([0x30, 0x80, 0, 0]) },
  { what: 'a length of five octets', bytes: Buffer.from([0x30, 0x85, 0, 0, 0, 0, 0]) },
  { what: 'PEM', bytes: Buffer.from('-----BEGIN CERTIFICATE-----') },
]

for (const { what, bytes } of bad) {
  test(`${what} is no row of values`, () => {
    assert.equal(splitDer(bytes), undefined)
  })
}
