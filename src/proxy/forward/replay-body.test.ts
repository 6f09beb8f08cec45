import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplayBody } from './replay-body.ts'
import { SpareMemory } from './spare-memory.ts'

test('what was sent is kept as it was, up to 64 KiB', () => {
  const body = new ReplayBody(new SpareMemory({ isOver: false }))
  const sent = Buffer.alloc(64 * 1024)
  for (let i = 0; i < sent.length; i++) sent[i] = i * 7
  const copy = Buffer.from(sent)
  for (let at = 0; at < sent.length; at += 1000) body.add(sent, at, Math.min(at + 1000, sent.length))
  sent.fill(0)
  assert.equal(body.isLost, false)
  assert.equal(body.buffer.subarray(0, body.length).compare(copy), 0)
  body.add(Buffer.from('x'), 0, 1)
  assert.deepEqual([body.isLost, body.length, body.buffer.length], [true, 0, 0])
  body.add(Buffer.from('x'), 0, 1)
  assert.equal(body.length, 0)
})
