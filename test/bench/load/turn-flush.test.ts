import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createTurnFlush } from './turn-flush.ts'

test('inner connections write first, and those around them in the same turn', async () => {
  const flush = createTurnFlush()
  const done: string[] = []
  flush.mark(() => done.push('other'))
  flush.markInner(() => {
    done.push('inner')
    flush.mark(() => done.push('around it'))
  })
  assert.deepEqual(done, [])
  await turn()
  assert.deepEqual(done, ['inner', 'other', 'around it'])
})

test('what a write brings about is written in the next turn', async () => {
  const flush = createTurnFlush()
  const done: string[] = []
  flush.mark(() => {
    done.push('first')
    flush.mark(() => done.push('next'))
  })
  await turn()
  assert.deepEqual(done, ['first'])
  await turn()
  assert.deepEqual(done, ['first', 'next'])
})
