import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { turn } from '../../../../test/support/turns.ts'
import { SpareTime, type SpareJob } from './spare-time.ts'

const fail = (error: unknown): never => assert.fail(String(error))
const turns = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await turn()
}

it('what takes long is followed by nine times as long a rest', async () => {
  const clock = createFakeClock()
  const spare = new SpareTime(clock, fail)
  const done: number[] = []
  for (let i = 0; i < 3; i++) {
    const work = (): void => {
      clock.advance(4)
      done.push(clock.monotonicMs())
    }
    spare.add({ prepare: async () => work, end: () => {} })
  }
  await turns()
  assert.deepEqual(done, [4])
  clock.advance(35)
  await turns()
  assert.deepEqual(done, [4])
  clock.advance(1)
  await turns()
  assert.deepEqual(done, [4, 44])
  clock.advance(36)
  await turns()
  assert.deepEqual(done, [4, 44, 84])
})

it('a job that fails, before or in its part, is told, and the next one has its turn', async () => {
  const faults: unknown[] = []
  const spare = new SpareTime(createFakeClock(), (error) => faults.push(error))
  let ended = 0
  const add = (prepare: SpareJob['prepare']): boolean => spare.add({ prepare, end: () => ended++ })
  add(() => Promise.reject(new Error('one')))
  add(async () => () => {
    throw new Error('two')
  })
  let isDone = false
  add(async () => () => {
    isDone = true
  })
  await turns()
  assert.deepEqual([faults.map(String), isDone, ended], [['Error: one', 'Error: two'], true, 3])
})

it('no more jobs wait than there may', () => {
  const spare = new SpareTime(createFakeClock(), fail)
  const added = Array.from({ length: 300 }, () => spare.add({ prepare: async () => () => {}, end: () => {} }))
  assert.equal(added.filter(Boolean).length, 256)
})
