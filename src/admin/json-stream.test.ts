import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamJson } from './json-stream.ts'

const read = async (...parameters: Parameters<typeof streamJson>): Promise<unknown> =>
  JSON.parse((await Array.fromAsync(streamJson(...parameters))).join(''))

const cases = [
  { fields: {}, lists: {} },
  { fields: { a: 1, 'b"': null }, lists: {} },
  { fields: {}, lists: { a: [], b: [1] } },
  { fields: { a: { b: ['\n'] } }, lists: { list: Array.from({ length: 51 }, (_, i) => ({ i })), last: ['x'] } },
]

for (const { fields, lists } of cases) {
  test(`${JSON.stringify(fields)} with lists of ${Object.values(lists).map((list) => list.length)} is one object`, async () => {
    assert.deepEqual(await read(fields, lists), { ...fields, ...lists })
  })
}

test('an undefined field is left out', async () => {
  assert.deepEqual(await read({ a: undefined, b: 2 }, {}), { b: 2 })
})

test('the event loop runs between the slices of a long list', async () => {
  let turns = 0
  let isOver = false
  const count = (): void => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  await read({}, { list: Array.from({ length: 1000 }, (_, i) => i) })
  isOver = true
  assert.ok(turns >= 20, `${turns} turns`)
})
