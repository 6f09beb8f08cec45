import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import { turn } from '../../../../test/support/turns.ts'
import { SpareTime, type SpareJob } from './spare-time.ts'

const fail = (error: unknown): never => assert.fail(String(error))
const turns = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await turn()
}

function* stepsOf(...steps: readonly (() => unknown)[]): Generator<void> {
  for (const step of steps) {
    step()
    yield
  }
}

it('what takes longer than two milliseconds rests in between, and others wait for its end', async () => {
  const clock = createFakeClock()
  const spare = new SpareTime(clock, fail)
  const done: string[] = []
  const step = (ms: number) => (): void => {
    clock.advance(ms)
    done.push(`${ms} at ${clock.monotonicMs()}`)
  }
  spare.add({ prepare: async () => stepsOf(step(1), step(1), step(3), step(1)), end: () => done.push('end') })
  spare.add({ prepare: async () => stepsOf(step(5)), end: () => done.push('end') })
  await turns()
  assert.deepEqual(done.splice(0), ['1 at 1', '1 at 2'])
  clock.advance(18)
  await turns()
  assert.deepEqual(done.splice(0), ['3 at 23'])
  clock.advance(27)
  await turns()
  assert.deepEqual(done.splice(0), ['1 at 51', 'end'])
  clock.advance(9)
  await turns()
  assert.deepEqual(done, ['5 at 65'])
})

it('what takes long is followed by nine times as long a rest', async () => {
  const clock = createFakeClock()
  const spare = new SpareTime(clock, fail)
  const done: number[] = []
  for (let i = 0; i < 3; i++) {
    const work = stepsOf(() => {
      clock.advance(4)
      done.push(clock.monotonicMs())
    })
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
  add(async () => stepsOf(() => assert.fail('two')))
  let isDone = false
  add(async () => stepsOf(() => (isDone = true)))
  await turns()
  assert.deepEqual(
    [faults.map(String), isDone, ended],
    [['Error: one', 'AssertionError [ERR_ASSERTION]: two'], true, 3],
  )
})

it('no more jobs wait than there may', () => {
  const spare = new SpareTime(createFakeClock(), fail)
  const added = Array.from({ length: 300 }, () => spare.add({ prepare: async () => stepsOf(), end: () => {} }))
  assert.equal(added.filter(Boolean).length, 256)
})
