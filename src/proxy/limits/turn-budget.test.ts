import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { Mesh } from '../../../test/support/mesh/mesh.ts'
import { TurnBudget } from './turn-budget.ts'

let mesh: Mesh | undefined
afterEach(async () => {
  await mesh?.close()
  mesh = undefined
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Takes as long as it may; what it begins is listed by its name. */
const taker = (budget: TurnBudget, name: string, begun: string[], requests: number) => {
  let left = requests
  const who = {
    resume: () => {
      while (left > 0 && budget.takeRequest(who)) {
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

test('a body in very many pieces uses up a turn as requests do, and goes on in the next', async () => {
  const budget = new TurnBudget()
  const log: string[] = []
  const body = { resume: () => log.push(`body ${budget.takePiece(body)}`) }
  budget.spend(1000)
  body.resume()
  budget.spend(1100)
  body.resume()
  assert.equal(budget.takeRequest({ resume: () => log.push('request') }), false)
  assert.deepEqual(log, ['body true', 'body false'])
  await turn()
  assert.deepEqual(log.slice(2), ['body true', 'request'])
})

test('thousands of requests in one read, answered here, leave the loop to others between them', async () => {
  mesh = await Mesh.start()
  mesh.apply(mesh.model({ api: [] }))
  const flood = await mesh.tunnel()
  const count = 9000
  const ask = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'
  for (let i = 0; i < count; i++) flood.write('', 'GET')
  flood.write(ask.repeat(count))
  let most = 0
  while (mesh.records.length < count) {
    const before = mesh.records.length
    await turn()
    most = Math.max(most, mesh.records.length - before)
  }
  // What is read in a turn, and what was left over from the one before.
  assert.ok(most <= 2 * 256, `${most} in one turn`)
  for (let i = 0; i < count; i++) assert.equal((await flood.answer()).head.status, 503)
  flood.channel.end()
  assert.equal(await flood.ended, 'end')
})
