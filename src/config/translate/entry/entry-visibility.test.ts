import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exportWithin } from './entry-visibility.ts'

describe('what the mesh leaves of exportTo', () => {
  for (const [exportTo, visibility, expected] of [
    [['*'], 'PUBLIC', ['*']],
    [[], 'NAMESPACE', ['.']],
    [['*'], 'NAMESPACE', ['.']],
    [['bank', 'shop'], 'NAMESPACE', ['.']],
    [['shop'], 'NAMESPACE', ['~']],
    [['~'], 'NAMESPACE', ['~']],
  ] as const) {
    it(`of ${JSON.stringify(exportTo)} within ${visibility}`, () =>
      assert.deepEqual(exportWithin(exportTo, 'bank', visibility), expected))
  }
})
