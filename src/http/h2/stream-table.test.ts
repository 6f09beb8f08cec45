import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../test/support/random.ts'
import { H2Stream, ignoreStream } from './stream.ts'
import { StreamTable } from './stream-table.ts'

const streamOf = (id: number): H2Stream => new H2Stream(id, ignoreStream, { send: 0, receive: 0 })
const idsOf = (table: StreamTable): number[] => table.values().map(({ id }) => id)

test('streams are found by their numbers until they are removed', () => {
  const table = new StreamTable()
  const streams = Array.from({ length: 1000 }, (_, i) => streamOf(2 * i + 1))
  for (const stream of streams) table.add(stream)
  assert.equal(table.size, 1000)
  for (const stream of streams) assert.equal(table.get(stream.id), stream)
  assert.equal(table.get(2), undefined)
  for (const { id } of streams) if (id % 4 === 1) assert.equal(table.delete(id), true)
  assert.equal(table.delete(1), false)
  assert.deepEqual(
    idsOf(table),
    streams.map(({ id }) => id).filter((id) => id % 4 !== 1),
  )
})

test('additions and removals in any order leave what a Map would have', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = seededRandom(seed)
    const table = new StreamTable()
    const known = new Map<number, H2Stream>()
    // Few distances make numbers that share a place.
    const distance = random.pick([1, 2, 16, 32, 1 << 16, 1 << 24])
    for (let step = 0; step < 2000; step++) {
      const id = 1 + distance * random.below(100)
      const stream = known.get(id)
      assert.equal(table.get(id), stream)
      if (stream === undefined && random.chance(0.6)) {
        const added = streamOf(id)
        table.add(added)
        known.set(id, added)
      } else assert.equal(table.delete(id), known.delete(id))
      assert.equal(table.size, known.size)
    }
    assert.deepEqual(
      idsOf(table),
      [...known.keys()].toSorted((a, b) => a - b),
    )
  }
})
