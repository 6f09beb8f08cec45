import assert from 'node:assert/strict'
import { PerformanceObserver, constants } from 'node:perf_hooks'
import { test } from 'node:test'
import { createYoungCollector } from './young-collector.ts'

/** Node's types leave out what such an entry carries. */
type Collection = PerformanceEntry & { readonly detail: { readonly kind: number; readonly flags: number } }

test('the young generation is collected, not all of it, and nobody else gets at the collector', async () => {
  const before = globalThis.gc
  const kinds: unknown[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as Collection[]) {
      // V8 may collect for reasons of its own meanwhile.
      if ((detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0) kinds.push(detail.kind)
    }
    if (kinds.length >= 3) resolve()
  })
  observer.observe({ entryTypes: ['gc'] })
  const collectYoung = createYoungCollector()
  for (let i = 0; i < 3; i++) collectYoung()
  await promise
  observer.disconnect()
  assert.deepEqual(kinds, Array(3).fill(constants.NODE_PERFORMANCE_GC_MINOR))
  assert.equal(globalThis.gc, before)
})
