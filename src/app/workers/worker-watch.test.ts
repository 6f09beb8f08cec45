import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { Refusal, type WorkerHandle } from './worker-process.ts'
import { watchWorkers } from './worker-watch.ts'

/** A worker under watch; `next` says how it answers what it is asked. */
const watchOne = (next: () => 'answers' | 'refuses' | 'is silent' | 'has ended') => {
  const clock = createFakeClock()
  const log: string[] = []
  let isKilled = false
  const serving = new Set<WorkerHandle>()
  const call = (name: string, _: unknown, timeoutMs = 0): Promise<never> =>
    new Promise((resolve, reject) => {
      const how = next()
      if (how === 'answers') resolve([] as never)
      else if (how === 'refuses') reject(new Refusal('not now', undefined))
      else if (how === 'has ended') {
        serving.clear()
        reject(new Error('ended'))
      } else clock.after(timeoutMs, () => reject(new Error(`did not answer ${name}`)))
    })
  const worker = { pid: 7, post: () => {}, call, kill: () => (isKilled = true) } as unknown as WorkerHandle
  serving.add(worker)
  const stop = watchWorkers({ clock, log: { error: (text) => log.push(text) }, serving: () => serving })
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1000) {
      clock.advance(1000)
      await setImmediate()
    }
  }
  return { pass, stop, log, isKilled: () => isKilled }
}

for (const how of ['answers', 'refuses', 'has ended'] as const) {
  it(`a worker that ${how} is left alone`, async () => {
    const { pass, isKilled } = watchOne(() => how)
    await pass(60_000)
    assert.equal(isKilled(), false)
  })
}

it('a worker that is silent is ended, which is told', async () => {
  const { pass, isKilled, log } = watchOne(() => 'is silent')
  await pass(28_000)
  assert.equal(isKilled(), false)
  await pass(4000)
  assert.equal(isKilled(), true)
  assert.deepEqual(log, ['worker 7 has not answered for 20 s, and is ended'])
})

it('a worker that was silent once, and then answers, is left alone', async () => {
  let asked = 0
  const { pass, isKilled } = watchOne(() => (asked++ % 2 === 0 ? 'is silent' : 'answers'))
  await pass(120_000)
  assert.ok(asked > 4)
  assert.equal(isKilled(), false)
})

it('nobody is asked any more when it is over', async () => {
  let asked = 0
  const { pass, stop } = watchOne(() => {
    asked++
    return 'answers'
  })
  stop()
  await pass(60_000)
  assert.equal(asked, 0)
})
