import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../test/support/fake-clock.ts'
import { turn } from '../../test/support/turns.ts'
import { failed, type KubeResult } from './failure.ts'
import { askPatiently } from './patience.ts'

const busy = (status: number, retryAfterMs?: number): KubeResult<string> =>
  failed({ asked: 'it', status, reason: 'x', message: 'y', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })

const cases: readonly {
  readonly what: string
  readonly first: KubeResult<string>
  readonly asks: number
}[] = [
  { what: '429 that says when', first: busy(429, 2000), asks: 2 },
  { what: '503 that says when', first: busy(503, 2000), asks: 2 },
  { what: '429 that does not say when', first: busy(429), asks: 1 },
  { what: '429 that is later than anybody waits', first: busy(429, 31_000), asks: 1 },
  { what: '500 whatever it says: it may have been done', first: busy(500, 1000), asks: 1 },
  { what: '404', first: busy(404), asks: 1 },
]

for (const { what, first, asks } of cases) {
  test(`${what} is asked ${asks === 1 ? 'once' : 'again'}`, async () => {
    const clock = createFakeClock()
    let count = 0
    const asked = askPatiently(async () => (count++ === 0 ? first : { ok: true, value: 'fine' }), {
      clock,
      deadlineMs: 30_000,
    })
    await turn()
    clock.advance(2000)
    assert.equal((await asked).ok, asks === 2)
    assert.equal(count, asks)
  })
}

test('who is called off does not wait', async () => {
  const end = new AbortController()
  let count = 0
  const ask = async (): Promise<KubeResult<string>> => {
    count++
    return busy(429, 2000)
  }
  const asked = askPatiently(ask, { clock: createFakeClock(), deadlineMs: 30_000, signal: end.signal })
  await turn()
  end.abort()
  await asked
  assert.ok(count <= 2)
})
