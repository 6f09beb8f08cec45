/** `npm run test:long`: a hundred versions of a filter under as much load as there can be, and a thousand for the memory. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { reloadFilterUnderLoad } from './support/filter-reloads.ts'

for (const workers of [1, 2]) {
  it(`a hundred versions in forty seconds (${workers} workers)`, async (t) => {
    const options = { network: '127.71.5', workers, reloads: 100, durationMs: 40_000, lanes: 64 }
    const report = await reloadFilterUnderLoad(options)
    const perSecond = Math.round(report.requests / report.seconds)
    t.diagnostic(`${report.requests} requests, ${perSecond} each second, ${report.seen} versions seen`)
    assert.deepEqual(report.failures, [])
    assert.ok(report.seen >= 60, `only ${report.seen} versions were in force`)
  })
}

it('a thousand versions leave the heap as it was', { timeout: 900_000 }, async (t) => {
  const used: number[] = []
  const report = await reloadFilterUnderLoad({
    network: '127.71.6',
    workers: 1,
    reloads: 1000,
    durationMs: 20_000,
    lanes: 2,
    isPaced: true,
    onReload: async (_, fairway) => void used.push(await fairway.metric('nodejs_heap_size_used_bytes')),
  })
  // What is used swings by half between two collections; its lowest is what stays, if one looks right behind each.
  const least = (from: number, to: number): number => Math.min(...used.slice(from, to))
  const [early, late] = [least(100, 300), least(800, 1000)]
  t.diagnostic(
    `${report.seen} versions seen; MB: ${used
      .map((bytes) => Math.round(bytes / 1e6))
      .filter((_, n) => n % 10 === 0)
      .join(' ')}`,
  )
  assert.deepEqual(report.failures, [])
  assert.equal(report.seen, 1001)
  assert.ok(late < early * 1.05, `${early} bytes became ${late}`)
})
