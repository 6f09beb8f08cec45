import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createDating } from './date.ts'
import { HeaderList } from './header-list.ts'

test('a response without a date gets that of now, to the second', () => {
  let nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 999)
  const addDate = createDating(() => nowMs)
  const dated = (...fields: readonly string[]): string | undefined => {
    const headers = new HeaderList([...fields])
    addDate(headers)
    return headers.get('date')
  }
  assert.equal(dated(), 'Fri, 02 Jan 2026 03:04:05 GMT')
  nowMs++
  assert.equal(dated('x', 'y'), 'Fri, 02 Jan 2026 03:04:06 GMT')
  assert.equal(dated('date', 'its own'), 'its own')
})
