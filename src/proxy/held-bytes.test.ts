import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldBytes } from './held-bytes.ts'

const all = (held: HeldBytes): string => {
  let text = ''
  for (let piece = held.shift(); piece !== undefined; piece = held.shift()) {
    text += piece.buffer.toString('latin1', piece.start, piece.end)
  }
  return text
}

test('bytes come out in the order they went in, whatever their sizes', () => {
  const held = new HeldBytes()
  let expected = ''
  for (let i = 0; i < 300; i++) {
    const text = String.fromCharCode(97 + (i % 26)).repeat((i * 37) % 5000)
    const buffer = Buffer.from(`<${text}>`)
    held.push(buffer, 1, buffer.length - 1)
    expected += text
  }
  assert.equal(held.bytes, expected.length)
  assert.equal(all(held), expected)
  assert.ok(held.isEmpty)
})

test('what is put back comes first again', () => {
  const held = new HeldBytes()
  held.push(Buffer.from('abc'), 0, 3)
  held.push(Buffer.from('def'), 0, 3)
  const piece = held.shift()
  assert.ok(piece)
  held.putBack({ ...piece, start: piece.start + 2 })
  held.push(Buffer.from('ghi'), 0, 3)
  assert.equal(held.bytes, 7)
  assert.equal(all(held), 'cdefghi')
  held.putBack({ buffer: Buffer.from('x'), start: 0, end: 1 })
  assert.equal(all(held), 'x')
})

test('bytes are taken and come in turn', () => {
  const held = new HeldBytes()
  let expected = ''
  let taken = ''
  for (let i = 0; i < 200; i++) {
    const text = String.fromCharCode(97 + (i % 26)).repeat(1 + (i % 7 === 0 ? 3000 : i % 5))
    held.push(Buffer.from(text), 0, text.length)
    expected += text
    for (let pieces = i % 3; pieces > 0; pieces--) {
      const piece = held.shift()
      if (piece === undefined) break
      const middle = Math.ceil((piece.start + piece.end) / 2)
      taken += piece.buffer.toString('latin1', piece.start, middle)
      if (middle < piece.end) held.putBack({ ...piece, start: middle })
    }
  }
  assert.equal(held.copy(expected.length).toString(), expected.slice(taken.length))
  assert.equal(taken + all(held), expected)
})

test('a byte at a time costs no object each, and keeps no read alive', () => {
  const held = new HeldBytes()
  const read = Buffer.alloc(65_536, 'r')
  for (let i = 0; i < 65_536; i++) held.push(read, i, i + 1)
  let pieces = 0
  for (let piece = held.shift(); piece !== undefined; piece = held.shift()) {
    assert.notEqual(piece.buffer.buffer, read.buffer)
    pieces++
  }
  assert.ok(pieces <= 20, `${pieces} pieces`)
})

test('a large piece is kept where it lies', () => {
  const held = new HeldBytes()
  const read = Buffer.alloc(65_536)
  held.push(read, 0, 60_000)
  held.push(Buffer.from('tail'), 0, 4)
  assert.equal(held.shift()?.buffer, read)
  assert.equal(all(held), 'tail')
})

test('dropping tells how much it was', () => {
  const held = new HeldBytes()
  held.push(Buffer.from('abc'), 0, 3)
  assert.equal(held.drop(), 3)
  assert.equal(held.drop(), 0)
  assert.equal(held.shift(), undefined)
})
