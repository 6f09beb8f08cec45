import assert from 'node:assert/strict'
import { PerformanceObserver, constants } from 'node:perf_hooks'
import { test } from 'node:test'
import { createYoungCollector } from './young-collector.ts'

test('the young generation is collected, not all of it, and nobody else gets at the collector', async () => {
  const before = globalThis.gc
  const kinds: unknown[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const observer = new PerformanceObserver((list) => {
    // Node's types leave out what such an entry carries.
    for (const entry of list.getEntries() as (PerformanceEntry & { readonly detail: { readonly kind: number } })[]) {
      kinds.push(entry.detail.kind)
      if (kinds.length === 3) resolve()
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const collectYoung = createYoungCollector()
  for (let i = 0; i < 3; i++) collectYoung()
  await promise
  observer.disconnect()
  assert.deepEqual(kinds.slice(0, 3), Array(3).fill(constants.NODE_PERFORMANCE_GC_MINOR))
  assert.equal(globalThis.gc, before)
})
