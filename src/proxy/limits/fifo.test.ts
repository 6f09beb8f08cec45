import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fifo } from './fifo.ts'

test('what comes first goes first, however many come between', () => {
  const fifo = new Fifo<{ readonly id: number }>()
  const taken: (number | undefined)[] = []
  let id = 0
  for (const [pushes, shifts] of [
    [1, 1],
    [5, 2],
    [1, 3],
    [100, 90],
    [3, 14],
  ] as const) {
    for (let i = 0; i < pushes; i++) fifo.push({ id: id++ })
    assert.equal(fifo.first?.id, taken.length)
    for (let i = 0; i < shifts; i++) taken.push(fifo.shift()?.id)
    assert.deepEqual(
      fifo.toArray().map((item) => item.id),
      Array.from({ length: id - taken.length }, (_, at) => taken.length + at),
    )
  }
  assert.deepEqual(
    taken,
    Array.from({ length: 110 }, (_, at) => at),
  )
  assert.equal(fifo.shift(), undefined)
  assert.equal(fifo.first, undefined)
})
