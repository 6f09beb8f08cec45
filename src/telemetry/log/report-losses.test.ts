import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { WriteError } from './line-file.ts'
import { createLineQueue } from './line-queue.ts'
import { reportLosses } from './report-losses.ts'

test('lines that are lost are told of with their path and the reason, at once and then once a minute', async () => {
  const clock = createFakeClock()
  const told: string[] = []
  let error: unknown = new Error("ENOENT: no such file or directory, open '/logs/a.log'")
  const queue = createLineQueue({
    write: async () => {
      throw error
    },
    maxWaiting: 10,
    onDropped: reportLosses({ path: '/logs/a.log', clock, log: { warn: (message) => told.push(message) } }),
  })
  const lose = async (...lines: readonly string[]): Promise<readonly string[]> => {
    for (const line of lines) queue.push(line)
    await queue.flush()
    return told.splice(0)
  }
  assert.deepEqual(await lose('a\n', 'b\n'), [
    "lines for /logs/a.log are lost, 2 so far: ENOENT: no such file or directory, open '/logs/a.log'",
  ])
  clock.advance(59_000)
  error = new WriteError(new Error('ENOSPC: no space left on device, write'), 2)
  assert.deepEqual(await lose('c\n', 'd\n'), [])
  clock.advance(1000)
  assert.deepEqual(await lose('e\n', 'f\n'), [
    'lines for /logs/a.log are lost, 4 so far: ENOSPC: no space left on device, write',
  ])
  clock.advance(60_000)
  assert.deepEqual(await lose('much too long a line\n'), [
    'lines for /logs/a.log are lost, 5 so far: nobody reads them as fast as they come',
  ])
})
