import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Retry } from '../../../model/route.ts'
import { retry } from './retry.ts'

const unsaid: Retry = { codes: [], attempts: 2, backoffMs: 25 }

const good: readonly (readonly [written: unknown, wanted: Partial<Retry>])[] = [
  [{}, {}],
  [{ codes: null, attempts: null, backoff: null }, {}],
  [{ codes: [] }, {}],
  [{ codes: [503, 400, 599] }, { codes: [400, 503, 599] }],
  [{ attempts: 1 }, { attempts: 1 }],
  [{ backoff: '1s' }, { backoffMs: 1000 }],
  [{ backoff: '0s' }, { backoffMs: 0 }],
  [
    { codes: [500], attempts: 5, backoff: '100ms' },
    { codes: [500], attempts: 5, backoffMs: 100 },
  ],
]

const bad: readonly (readonly [written: unknown, path: string, found: string])[] = [
  [{ codes: [399] }, 'r.codes[0]', '399'],
  [{ codes: [500, 600] }, 'r.codes[1]', '600'],
  [{ codes: ['503'] }, 'r.codes[0]', '"503"'],
  [{ codes: [503, 500, 503] }, 'r.codes', '503'],
  [{ codes: 503 }, 'r.codes', '503'],
  [{ attempts: 0 }, 'r.attempts', '0'],
  [{ attempts: 1.5 }, 'r.attempts', '1.5'],
  [{ backoff: '25' }, 'r.backoff', '"25"'],
  [{ retryOn: '5xx' }, 'r.retryOn', 'retryOn'],
  [[], 'r', '[]'],
]

describe('retry', () => {
  for (const [written, wanted] of good) {
    it(`${JSON.stringify(written)} repeats ${JSON.stringify(wanted)}`, () => {
      assert.deepEqual(retry.decode(written, 'r'), { ok: true, value: { ...unsaid, ...wanted } })
    })
  }
  for (const [written, path, found] of bad) {
    it(`${JSON.stringify(written)} is refused`, () => {
      const decoded = retry.decode(written, 'r')
      assert.ok(!decoded.ok)
      assert.deepEqual(
        decoded.issues.map((issue) => [issue.path, issue.found]),
        [[path, found]],
      )
    })
  }
})
