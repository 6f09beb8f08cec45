import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../test/support/random.ts'
import type { Piece } from '../held-bytes.ts'
import { WaitingBytes, giveBackPiece } from './waiting-bytes.ts'

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

test('what was given back makes room, and never for what is still there', () => {
  const bytes = new WaitingBytes()
  const random = seededRandom(7)
  const waiting: { readonly text: string; readonly piece: Piece }[] = []
  const buffers = new Set<Buffer>()
  for (let i = 0; i < 20_000; i++) {
    const text = `${i} `.repeat(1 + random.below(40))
    const piece = bytes.keep(Buffer.from(`<${text}>`), 1, 1 + text.length)
    buffers.add(piece.buffer)
    waiting.push({ text, piece })
    const [gone] = waiting.length > 200 ? waiting.splice(random.below(waiting.length), 1) : []
    if (gone === undefined) continue
    assert.equal(textOf(gone.piece), gone.text)
    giveBackPiece(gone.piece)
    // Only the first time counts.
    giveBackPiece(gone.piece)
  }
  for (const { text, piece } of waiting) assert.equal(textOf(piece), text)
  assert.ok(buffers.size < 100, `${buffers.size} times 16 KB for what never was more than 50 KB`)
})

test('what is not given back is left to V8', () => {
  const bytes = new WaitingBytes()
  const kept = Array.from({ length: 500 }, () => bytes.keep(Buffer.alloc(200, 'x'), 0, 200))
  for (const [i, piece] of kept.entries()) if (i % 50 > 0) giveBackPiece(piece)
  for (const [i, piece] of kept.entries()) if (i % 50 === 0) assert.equal(textOf(piece), 'x'.repeat(200))
  const own = bytes.keep(Buffer.alloc(4000, 'y'), 0, 4000)
  giveBackPiece(own)
  assert.equal(textOf(own), 'y'.repeat(4000))
})
