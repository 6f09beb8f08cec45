import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { turn } from '../../test/support/turns.ts'
import { Flusher } from './flusher.ts'

test('while the loop is quiet, output goes out when the callback ends', async () => {
  const flusher = new Flusher()
  const events: string[] = []
  setImmediate(() => events.push('next turn'))
  flusher.schedule({ flush: () => events.push('flushed') })
  assert.deepEqual(events, [])
  await turn()
  assert.deepEqual(events, ['flushed', 'next turn'])
})

test('while it is busy, output waits for the end of the turn, and again not when it is quiet', async () => {
  const flusher = new Flusher()
  const flush = async (reads: number): Promise<boolean> => {
    let isFlushed = false
    flusher.schedule({
      flush: () => {
        isFlushed = true
      },
    })
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const wasImmediate = isFlushed
    for (let i = 0; i < reads; i++) flusher.noteRead()
    await turn()
    await turn()
    assert.ok(isFlushed)
    return wasImmediate
  }
  assert.equal(await flush(10), true)
  assert.equal(await flush(10), false)
  for (let i = 0; i < 10; i++) await flush(0)
  assert.equal(await flush(0), true)
})

/** What is planned for the next turn while `run` does, and microtasks after it; an error of it is an error of the process. */
const planned = async (t: TestContext, run: () => void): Promise<readonly (() => void)[]> => {
  const immediates: (() => void)[] = []
  const { mock } = t.mock.method(globalThis, 'setImmediate', (next: () => void) => immediates.push(next))
  run()
  for (let i = 0; i < 5; i++) await Promise.resolve()
  mock.restore()
  return immediates
}

const runAll = (immediates: readonly (() => void)[]): void => {
  for (const run of immediates) run()
}

test('one that throws keeps no other from its turn', async (t) => {
  const flusher = new Flusher()
  const flushed: string[] = []
  const next = await planned(t, () => {
    flusher.schedule({ flush: () => flushed.push('a') })
    flusher.schedule({
      flush: () => {
        throw new Error('planned')
      },
    })
    flusher.schedule({ flush: () => flushed.push('b') })
  })
  assert.throws(() => runAll(next), /planned/)
  assert.deepEqual(flushed, ['a', 'b'])
})

test('what goes into the output of another is gathered before that is written, and both go out in one turn', async () => {
  const flusher = new Flusher()
  const written: string[] = []
  let output = 'own'
  const outer = {
    flush: () => {
      written.push(output)
      output = ''
    },
  }
  flusher.schedule(outer)
  flusher.gather({
    flush: () => {
      output += ' and inner'
    },
  })
  await turn()
  assert.deepEqual(written, ['own and inner'])

  flusher.gather({
    flush: () => {
      output = 'late'
      flusher.schedule(outer)
    },
  })
  await turn()
  assert.deepEqual(written, ['own and inner', 'late'])
})

test('one that throws while it is gathered keeps no other from its turn', async (t) => {
  const flusher = new Flusher()
  const flushed: string[] = []
  const next = await planned(t, () => {
    flusher.schedule({ flush: () => flushed.push('outer') })
    flusher.gather({
      flush: () => {
        throw new Error('planned')
      },
    })
    flusher.gather({ flush: () => flushed.push('inner') })
  })
  assert.throws(() => runAll(next), /planned/)
  assert.deepEqual(flushed, ['inner', 'outer'])
})

test('what large reads leave behind is collected every few megabytes, after the flush', async () => {
  const events: string[] = []
  const flusher = new Flusher(() => events.push('collected'))
  const read = async (count: number, bytes: number, frames = 2): Promise<void> => {
    for (let i = 0; i < count; i++) flusher.noteBytes(bytes, frames)
    flusher.schedule({ flush: () => events.push('flushed') })
    for (let i = 0; i < 4; i++) await turn()
  }
  await read(100_000, 1000)
  // Many requests, answered in one read: their garbage has V8 collect anyway.
  await read(1000, 16_384, 14)
  await read(127, 16_384)
  assert.deepEqual(events, ['flushed', 'flushed', 'flushed'])
  await read(1, 16_384)
  await read(1, 16_384)
  assert.deepEqual(events, ['flushed', 'flushed', 'flushed', 'flushed', 'collected', 'flushed'])
})

test('between the reads of a long body output waits for the end of the turn, however quiet the loop is', async () => {
  const flusher = new Flusher()
  const isWrittenAtOnce = async (): Promise<boolean> => {
    const events: string[] = []
    flusher.schedule({ flush: () => events.push('flushed') })
    await new Promise<void>((resolve) => process.nextTick(resolve))
    const wasFlushed = events.length > 0
    await turn()
    assert.deepEqual(events, ['flushed'])
    return wasFlushed
  }
  flusher.noteBytes(16_384, 1)
  assert.equal(await isWrittenAtOnce(), false)
  // As many bytes, but of many requests: they have the busy loop to gather them.
  flusher.noteBytes(16_384, 100)
  assert.equal(await isWrittenAtOnce(), true)
  flusher.noteBytes(16_384, 1)
  flusher.noteBytes(40, 1)
  assert.equal(await isWrittenAtOnce(), true)
})
