import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../test/support/random.ts'
import { FairQueue, MAX_WAITING_OF_ONE } from './fair-queue.ts'
import type { OverloadReason } from './overload-reason.ts'
import { LONGEST_WAIT_MS, STANDING_WAIT_MS } from './request-queue.ts'
import type { Applicant, SourceLoad } from './source-load.ts'
import { Sources } from './sources.ts'

/** In an overload nobody is refused sooner. */
const REFUSED_AFTER_MS = 100 * STANDING_WAIT_MS

/** A queue on a clock that moves by what requests cost. */
const createBench = () => {
  const bench = {
    nowMs: 0,
    sources: new Sources(),
    begun: new Map<string, number>(),
    refused: new Map<string, OverloadReason[]>(),
    longestWaitMs: new Map<string, number>(),
  }
  const queue = new FairQueue(
    () => bench.nowMs,
    () => bench.sources.all(),
  )
  const push = (load: SourceLoad, costMs = 0.01): void => {
    const name = load.principal
    const who: Applicant = {
      load,
      waitingSinceMs: 0,
      isGone: false,
      resume: () => {
        bench.nowMs += costMs
        bench.begun.set(name, (bench.begun.get(name) ?? 0) + 1)
        const waitedMs = bench.nowMs - who.waitingSinceMs
        bench.longestWaitMs.set(name, Math.max(bench.longestWaitMs.get(name) ?? 0, waitedMs))
      },
      refuse: (reason) => {
        bench.nowMs += 0.003
        const reasons = bench.refused.get(name) ?? []
        reasons.push(reason)
        bench.refused.set(name, reasons)
      },
    }
    queue.push(who)
  }
  const serve = (sliceMs: number): boolean =>
    queue.serve(
      sliceMs,
      () => true,
      (who) => who.resume(),
    )
  return { bench, queue, push, serve }
}

const times = (count: number, run: () => void): void => {
  for (let i = 0; i < count; i++) run()
}

describe('a fair queue', () => {
  it('serves many clients as much as one that has many more', () => {
    const { bench, push, serve } = createBench()
    const greedy = bench.sources.join('greedy')
    const others = ['a', 'b', 'c', 'd'].map((name) => bench.sources.join(name))
    times(1000, () => push(greedy))
    for (const other of others) times(20, () => push(other))
    serve(1)
    for (const name of ['a', 'b', 'c', 'd']) assert.equal(bench.begun.get(name), 20)
    assert.ok((bench.begun.get('greedy') ?? 0) <= 30, `${bench.begun.get('greedy')}`)
  })

  it('gives whoever is alone all that there is', () => {
    const { bench, queue, push, serve } = createBench()
    const load = bench.sources.join('a')
    times(50, () => push(load, 0.2))
    assert.equal(serve(100), true)
    assert.equal(queue.waiting, 0)
  })

  it('counts time: requests that take long are fewer', () => {
    const { bench, push, serve } = createBench()
    const dear = bench.sources.join('dear')
    const cheap = bench.sources.join('cheap')
    times(200, () => push(dear, 0.1))
    times(2000, () => push(cheap, 0.01))
    for (let turn = 0; turn < 10; turn++) serve(0.5)
    const dearMs = (bench.begun.get('dear') ?? 0) * 0.1
    const cheapMs = (bench.begun.get('cheap') ?? 0) * 0.01
    assert.ok(dearMs / cheapMs > 0.8 && dearMs / cheapMs < 1.25, `${dearMs} ms and ${cheapMs} ms`)
  })

  it('stops when its time is over, and goes on with the next client', () => {
    const { bench, queue, push, serve } = createBench()
    const loads = ['a', 'b', 'c'].map((name) => bench.sources.join(name))
    for (const load of loads) times(2, () => push(load, 0.3))
    assert.equal(serve(0.2), false)
    assert.deepEqual([...bench.begun.keys()], ['a'])
    serve(0.2)
    assert.deepEqual([...bench.begun.keys()], ['a', 'b'])
    assert.equal(queue.waiting, 4)
  })

  it('tells a client that asks too much of others from a time in which all do', () => {
    const { bench, queue, push, serve } = createBench()
    const greedy = bench.sources.join('greedy')
    const other = bench.sources.join('other')
    const more = (): void => {
      push(greedy)
      bench.nowMs += LONGEST_WAIT_MS / 2
    }
    times(4, more)
    assert.equal(queue.refuse(1, 1), 2 * LONGEST_WAIT_MS)
    assert.deepEqual(bench.refused.get('greedy'), ['eventLoop'])
    push(other)
    serve(1)
    assert.equal(bench.begun.get('other'), 1)
    bench.nowMs += 200
    push(greedy)
    bench.nowMs += REFUSED_AFTER_MS
    queue.refuse(1, 100)
    assert.deepEqual(bench.refused.get('greedy'), ['eventLoop', 'source'])
    assert.equal(queue.waiting, 0)
  })

  /** Turns of 2 ms, of which the half millisecond of `serve` is a part, and what `ask` says comes in each. */
  const runTurns = (count: number, { bench, queue, serve }: ReturnType<typeof createBench>, ask: () => void): void => {
    for (let turn = 0; turn < count; turn++) {
      const startMs = bench.nowMs
      ask()
      if (queue.waiting > 0) serve(0.5)
      bench.nowMs = startMs + 2
    }
  }

  /** A client that asks for twice as much as there is time for, for three seconds: thousands are left over. */
  const overload = () => {
    const all = createBench()
    const load = all.bench.sources.join('a')
    runTurns(1500, all, () => times(20, () => all.push(load, 0.05)))
    assert.ok(all.queue.waiting > 10_000, `${all.queue.waiting}`)
    return { ...all, load }
  }

  it('serves those that are late, the latest first, once there is time for them', () => {
    const all = overload()
    const { bench, queue, push, load } = all
    const { waiting } = queue
    runTurns(4, all, () => times(5, () => push(load, 0.05)))
    assert.ok(waiting - queue.waiting < 50, `no sooner than that: ${waiting - queue.waiting}`)
    runTurns(4000, all, () => times(5, () => push(load, 0.05)))
    assert.equal(queue.waiting, 0)
    assert.equal(bench.refused.size, 0)
  })

  it('serves nobody late while others want the time', () => {
    const all = overload()
    const { bench, push, load } = all
    bench.longestWaitMs.clear()
    runTurns(500, all, () => times(20, () => push(load, 0.05)))
    assert.ok((bench.longestWaitMs.get('a') ?? 0) < 20, `${bench.longestWaitMs.get('a')} ms`)
  })

  it('takes nobody for late who came during a pause of the process, or before one', () => {
    const all = overload()
    const { bench, queue, push, load } = all
    const waiting = queue.waiting
    times(30, () => push(load, 0.05))
    bench.nowMs += 90
    times(30, () => push(load, 0.05))
    runTurns(6, all, () => {})
    assert.equal(queue.waiting, waiting)
  })

  for (const seed of [1, 2, 3, 4, 5]) {
    it(`starves nobody who asks for less than its share, and forgets nobody (seed ${seed})`, () => {
      const { bench, queue, push, serve } = createBench()
      const random = seededRandom(seed)
      const greedy = Array.from({ length: 1 + random.below(3) }, (_, i) => bench.sources.join(`greedy-${i}`))
      const modest = Array.from({ length: 2 + random.below(12) }, (_, i) => bench.sources.join(`modest-${i}`))
      const asked = new Map<string, number>()
      const ask = (load: SourceLoad, costMs?: number): void => {
        asked.set(load.principal, (asked.get(load.principal) ?? 0) + 1)
        push(load, costMs)
      }
      for (let turn = 0; turn < 2000; turn++) {
        for (const load of greedy) times(random.below(60), () => ask(load, 0.005 + random.fraction() / 50))
        // All of them together ask for less than half of what there is.
        for (const load of modest) if (random.chance(0.5)) ask(load, 0.01)
        serve(0.5)
        queue.refuse(0.1, 256)
        bench.nowMs += 0.5
      }
      for (const { principal } of modest) {
        assert.equal(bench.begun.get(principal), asked.get(principal), principal)
        assert.ok(
          (bench.longestWaitMs.get(principal) ?? 0) < 5,
          `${principal} waited ${bench.longestWaitMs.get(principal)} ms`,
        )
      }
      while (queue.waiting > 0) {
        serve(0.5)
        queue.refuse(0.5, 256)
        bench.nowMs += 1
      }
      for (const { principal } of greedy) {
        const answered = (bench.begun.get(principal) ?? 0) + (bench.refused.get(principal)?.length ?? 0)
        assert.equal(answered, asked.get(principal), principal)
        assert.ok((bench.begun.get(principal) ?? 0) > 0)
      }
    })
  }

  it('refuses one for each that is too many, also when that one has its next request at hand', () => {
    const { bench, queue } = createBench()
    const load = bench.sources.join('greedy')
    let refused = 0
    const push = (): void => {
      const who: Applicant = {
        load,
        waitingSinceMs: 0,
        isGone: false,
        resume: () => {},
        refuse: () => {
          refused++
          queue.push(who)
        },
      }
      queue.push(who)
    }
    times(MAX_WAITING_OF_ONE, push)
    assert.equal(refused, 0)
    times(3000, push)
    assert.equal(refused, 3000)
    assert.equal(queue.waiting, MAX_WAITING_OF_ONE + 3000)
  })
})
