import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ReplayBody } from './replay-body.ts'
import { SpareMemory } from './spare-memory.ts'

const sent = Buffer.alloc(64 * 1024, 's')

test('bodies of many requests are kept up to a limit, and those beyond it are not', () => {
  const memory = new SpareMemory({ isOver: false }, 256 * 1024)
  const bodies = Array.from({ length: 10 }, () => new ReplayBody(memory))
  for (let at = 0; at < sent.length; at += 16_384) for (const body of bodies) body.add(sent, at, at + 16_384)
  const kept = bodies.filter((body) => !body.isLost)
  assert.ok(kept.length > 0 && kept.length <= 4, `${kept.length} kept`)
  for (const body of kept) assert.equal(body.length, sent.length)
  assert.ok(memory.bytes <= 256 * 1024)
  for (const body of bodies) body.drop()
  assert.equal(memory.bytes, 0)
  const next = new ReplayBody(memory)
  next.add(sent, 0, sent.length)
  assert.equal(next.isLost, false)
})

test('nothing is kept while memory is short for what cannot wait', () => {
  const budget = { isOver: false }
  const memory = new SpareMemory(budget)
  const body = new ReplayBody(memory)
  body.add(sent, 0, 1000)
  budget.isOver = true
  body.add(sent, 1000, 1001)
  assert.deepEqual([body.isLost, memory.bytes], [true, 0])
})
