import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Piece } from '../held-bytes.ts'
import { WaitingBytes } from './waiting-bytes.ts'

const READ_BYTES = 65_536

const textOf = ({ buffer, start, end }: Piece): string => buffer.toString('latin1', start, end)

test('small pieces lie together, and keep no read alive', () => {
  const bytes = new WaitingBytes()
  const read = Buffer.alloc(READ_BYTES)
  const pieces: Piece[] = []
  for (let i = 0; i < 1000; i++) {
    read.write(`request ${i};`, i * 20, 'latin1')
    pieces.push(bytes.keep(read, i * 20, i * 20 + `request ${i};`.length))
  }
  read.fill(0)
  for (const [i, piece] of pieces.entries()) assert.equal(textOf(piece), `request ${i};`)
  assert.equal(new Set(pieces.map(({ buffer }) => buffer.buffer)).size, 1)
})

test('what is kept stays, however much comes after it', () => {
  const bytes = new WaitingBytes()
  const sizes = [1, 2048, 2047, 100, 3000, 1500]
  const kept = Array.from({ length: 60 }, (_, i) => {
    const text = String.fromCharCode(97 + (i % 26)).repeat(sizes[i % sizes.length] ?? 1)
    return { text, piece: bytes.keep(Buffer.from(`<${text}>`), 1, 1 + text.length) }
  })
  for (const { text, piece } of kept) assert.equal(textOf(piece), text)
})

test('larger pieces have memory of their own, or stay in it', () => {
  const bytes = new WaitingBytes()
  const read = Buffer.alloc(READ_BYTES, 'r')
  assert.equal(bytes.keep(read, 100, 4100).buffer.buffer.byteLength, 4000)
  assert.equal(bytes.keep(read, 0, READ_BYTES / 2).buffer, read)
})
