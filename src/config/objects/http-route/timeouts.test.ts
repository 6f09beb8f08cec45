import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Timeouts } from '../../../model/route.ts'
import { timeouts } from './timeouts.ts'

const good: readonly (readonly [written: unknown, wanted: Timeouts | undefined])[] = [
  [{}, undefined],
  [{ request: null }, undefined],
  [{ request: '0s' }, undefined],
  [{ request: '0h0ms', backendRequest: '0s' }, undefined],
  [{ request: '1m30s' }, { requestMs: 90_000 }],
  [{ backendRequest: '500ms' }, { backendRequestMs: 500 }],
  [
    { request: '1s', backendRequest: '1000ms' },
    { requestMs: 1000, backendRequestMs: 1000 },
  ],
  // A request timeout of 0s is none, so that any try fits into it; and a try without limit is as long as the request.
  [{ request: '0s', backendRequest: '99999h' }, { backendRequestMs: 2_147_483_647 }],
  [{ request: '1s', backendRequest: '0s' }, { requestMs: 1000 }],
]

const bad: readonly (readonly [written: unknown, path: string, found: string])[] = [
  ...['1', '1.5s', '-1s', '1d', '', '1s1s1s1s1s', '100000s', ' 1s', '0'].map(
    (text): readonly [unknown, string, string] => [
      { request: text },
      't.request',
      /^\d$/.test(text) ? `"${text}"` : text,
    ],
  ),
  [{ request: 5 }, 't.request', '5'],
  [{ backendRequest: true }, 't.backendRequest', 'true'],
  [{ request: '1s', backendRequest: '1001ms' }, 't.backendRequest', '1s1ms'],
  [{ requests: '1s' }, 't.requests', 'requests'],
  ['1s', 't', '1s'],
]

describe('timeouts', () => {
  for (const [written, wanted] of good) {
    it(`${JSON.stringify(written)} is ${JSON.stringify(wanted)}`, () => {
      assert.deepEqual(timeouts.decode(written, 't'), { ok: true, value: wanted })
    })
  }
  for (const [written, path, found] of bad) {
    it(`${JSON.stringify(written)} is refused`, () => {
      const decoded = timeouts.decode(written, 't')
      assert.ok(!decoded.ok)
      assert.deepEqual(
        decoded.issues.map((issue) => [issue.path, issue.found]),
        [[path, found]],
      )
    })
  }
})
