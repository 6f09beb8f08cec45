import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readResidentBytes } from './resident.ts'

test('resident memory is told, or not known without a descriptor to ask by', () => {
  assert.ok((readResidentBytes() ?? 0) > 10_000_000)
  const fails = (): number => {
    throw Object.assign(new Error('EMFILE: too many open files, uv_resident_set_memory'), { code: 'EMFILE' })
  }
  assert.equal(readResidentBytes(fails), undefined)
})
