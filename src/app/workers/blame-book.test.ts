import assert from 'node:assert/strict'
import { it } from 'node:test'
import { BlameBook } from './blame-book.ts'

const blame = {
  filters: [{ id: 'shop/a', version: 'v1' }],
  kind: 'loop',
  message: 'held the loop',
  location: 'a.ts:3',
} as const
const MINUTE = 60_000

it('a filter that takes a process down is not called for five minutes, then ten, an hour at most', () => {
  const book = new BlameBook()
  let nowMs = 1_000_000
  for (const minutes of [5, 10, 20, 40, 60, 60]) {
    const [notice] = book.record(blame, nowMs)
    assert.deepEqual(notice, {
      id: 'shop/a',
      version: 'v1',
      failure: { kind: 'loop', message: 'held the loop', location: 'a.ts:3', atMs: nowMs },
      untilMs: nowMs + minutes * MINUTE,
    })
    assert.deepEqual(book.inForce(nowMs), [notice])
    nowMs += minutes * MINUTE
    assert.deepEqual(book.inForce(nowMs), [])
  }
})

it('who is quarantined already is no news, and others are blamed on their own', () => {
  const book = new BlameBook()
  book.record(blame, 0)
  assert.deepEqual(book.record(blame, 1), [])
  const both = [
    { id: 'shop/a', version: 'v1' },
    { id: 'shop/a', version: 'v2' },
  ]
  assert.deepEqual(
    book.record({ ...blame, filters: both }, 2).map(({ version }) => version),
    ['v2'],
  )
})

it('long after its quarantine a version begins anew', () => {
  const book = new BlameBook()
  book.record(blame, 0)
  book.record({ ...blame, filters: [] }, 66 * MINUTE)
  assert.equal(book.record(blame, 66 * MINUTE)[0]?.untilMs, 71 * MINUTE)
})
