import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createYoungCollector } from './young-collector.ts'

test('buffers that are done with are freed, and nobody else gets at the collector', () => {
  // Our tests run with the flags of the program, which show it; src/app/guard-process.ts takes it away.
  const known = globalThis.gc
  const collectYoung = createYoungCollector()
  collectYoung()
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 512; i++) Buffer.allocUnsafeSlow(16 * 1024)
  assert.ok(process.memoryUsage().arrayBuffers - before > 4_000_000)
  collectYoung()
  assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
  assert.equal(globalThis.gc, known)
})
