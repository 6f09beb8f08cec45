import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { turn } from '../../../test/support/turns.ts'
import { Counters } from '../counters.ts'
import { ByteBudget, defaultBufferBytes } from './byte-budget.ts'
import type { Holder } from './byte-budget.ts'

const setUp = () => {
  const counters = new Counters()
  const log: string[] = []
  const budget = new ByteBudget(1000, counters, (error) => void log.push(String(error)))
  const hold = (name: string, heldBytes: number): Holder => {
    const holder = {
      holderPlace: -1,
      heldBytes,
      relax: () => void log.push(`${name} relaxes`),
      shed: () => {
        log.push(`${name} ends`)
        budget.unlist(holder)
        budget.give(holder.heldBytes)
        holder.heldBytes = 0
      },
    }
    budget.list(holder)
    budget.take(heldBytes)
    return holder
  }
  return { counters, budget, log, hold }
}

describe('the bytes of a process', () => {
  it('are over the limit until a quarter less is held', () => {
    const { counters, budget, log, hold } = setUp()
    hold('a', 1000)
    assert.equal(budget.isOver, false)
    budget.take(1)
    assert.equal(budget.isOver, true)
    budget.give(250)
    assert.deepEqual([budget.isOver, log], [true, []])
    budget.give(1)
    assert.deepEqual([budget.isOver, log], [false, ['a relaxes']])
    assert.deepEqual([counters.heldBytes, counters.bufferLimitReached], [750, 1])
  })

  it('far over it cost those that hold most, not in the middle of receiving', async () => {
    const { counters, log, hold } = setUp()
    hold('small', 100)
    hold('large', 1700)
    hold('medium', 900)
    assert.deepEqual(log, [])
    await turn()
    assert.deepEqual(log, [])
    hold('late', 400)
    assert.deepEqual(log, [])
    await turn()
    assert.deepEqual(log, ['large ends', 'medium ends', 'small relaxes', 'late relaxes'])
    assert.deepEqual([counters.heldBytes, counters.holdersShed], [500, 2])
  })

  it('that one holder has a bug with are no matter of whoever gives some back, nor of the other holders', async () => {
    const { counters, budget, log, hold } = setUp()
    const faulty = (what: string) => (): void => {
      throw new Error(what)
    }
    Object.assign(hold('a', 400), { relax: faulty('relax'), shed: faulty('shed') })
    hold('b', 700)
    budget.give(400)
    // It is ended, and has a bug with that as well.
    assert.deepEqual(log, ['Error: relax', 'Error: shed', 'b relaxes'])
    assert.deepEqual([counters.heldBytes, counters.holdersShed], [300, 1])
    log.length = 0
    const faultyOne = hold('c', 2800)
    Object.assign(faultyOne, { shed: faulty('shed') })
    await turn()
    assert.deepEqual(log, ['Error: shed', 'b relaxes'])
    for (const name of ['d', 'e', 'f']) {
      hold(name, 100)
      await turn()
    }
    assert.deepEqual([faultyOne.heldBytes, counters.heldBytes, counters.holdersShed], [0, 600, 2])
  })

  it('concern those who hold some, in whatever order they come and go', () => {
    const { budget, log, hold } = setUp()
    const holders = ['a', 'b', 'c', 'd'].map((name) => hold(name, 300))
    const [a, b, c, d] = holders
    assert.ok(a && b && c && d)
    for (const gone of [b, d, b]) budget.unlist(gone)
    budget.list(d)
    budget.list(c)
    assert.equal(budget.isOver, true)
    budget.give(600)
    assert.deepEqual(log.toSorted(), ['a relaxes', 'c relaxes', 'd relaxes'])
    for (const gone of [a, c, d]) budget.unlist(gone)
    assert.deepEqual(
      holders.map(({ holderPlace }) => holderPlace),
      [-1, -1, -1, -1],
    )
  })

  it('may be 64 MiB, or an eighth of what there is', () => {
    assert.ok(defaultBufferBytes() > 0 && defaultBufferBytes() <= 64 * 1024 * 1024)
  })
})
