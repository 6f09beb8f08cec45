import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createYoungCollector } from './young-collector.ts'

const heldBytes = (): number => process.memoryUsage().arrayBuffers

/** V8 frees memory behind buffers on a thread of its own: how much is held once some turns have passed. */
const settle = async (act: () => void, isDone: () => boolean): Promise<void> => {
  for (let i = 0; i < 200 && !isDone(); i++) {
    act()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('buffers that are done with are freed, and nobody else gets at the collector', async () => {
  const collectYoung = createYoungCollector()
  const before = heldBytes()
  for (let i = 0; i < 512; i++) Buffer.allocUnsafeSlow(16 * 1024)
  const isFreed = (): boolean => heldBytes() - before < 1_000_000
  await settle(() => {}, isFreed)
  assert.equal(isFreed(), false, 'they are not freed by themselves')
  await settle(collectYoung, isFreed)
  assert.equal(isFreed(), true)
  assert.equal(globalThis.gc, undefined)
})
