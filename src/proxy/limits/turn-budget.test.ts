import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TurnBudget } from './turn-budget.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Takes as long as it may; what it begins is listed by its name. */
const taker = (budget: TurnBudget, name: string, begun: string[], requests: number) => {
  let left = requests
  const who = {
    resume: () => {
      while (left > 0 && budget.take(who)) {
        left--
        begun.push(name)
      }
    },
  }
  return who
}

test('a turn begins a few hundred requests, and the next one goes on', async () => {
  const budget = new TurnBudget()
  const begun: string[] = []
  taker(budget, 'a', begun, 1000).resume()
  assert.equal(begun.length, 256)
  await turn()
  assert.equal(begun.length, 512)
  await turn()
  await turn()
  assert.equal(begun.length, 1000)
})

test('those who wait take turns, and newcomers do not push in', async () => {
  const budget = new TurnBudget()
  const begun: string[] = []
  for (const name of ['a', 'b', 'c']) taker(budget, name, begun, 600).resume()
  await turn()
  await turn()
  taker(budget, 'd', begun, 10).resume()
  assert.equal(begun.length, 3 * 256)
  assert.deepEqual([begun[256], begun[512]], ['a', 'b'])
  for (let i = 0; i < 8; i++) await turn()
  assert.equal(begun[768], 'c')
  assert.equal(begun.length, 1810)
})

test('many small turns are none too large', async () => {
  const budget = new TurnBudget()
  const begun: string[] = []
  for (let i = 0; i < 30; i++) {
    taker(budget, 'a', begun, 60).resume()
    await turn()
    assert.equal(begun.length, 60 * (i + 1))
  }
})
