import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { Mesh } from '../../../test/support/mesh/mesh.ts'
import { turn } from '../../../test/support/turns.ts'
import type { OverloadReason } from '../overload/overload-reason.ts'
import { LONGEST_WAIT_MS, STANDING_WAIT_MS } from '../overload/request-queue.ts'
import { SourceLoad } from '../overload/source-load.ts'
import type { Applicant } from '../overload/source-load.ts'
import { TurnBudget } from './turn-budget.ts'

let mesh: Mesh | undefined
afterEach(async () => {
  await mesh?.close()
  mesh = undefined
})

/** Takes as long as it may; what it begins is listed by its name. */
const taker = (budget: TurnBudget, name: string, begun: string[], requests: number): Applicant => {
  let left = requests
  const who: Applicant = {
    load: new SourceLoad(name),
    waitingSinceMs: 0,
    isGone: false,
    refuse: (reason: OverloadReason) => begun.push(`${name} ${reason}`),
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
  const budget = new TurnBudget(() => 0)
  const begun: string[] = []
  taker(budget, 'a', begun, 1000).resume()
  assert.equal(begun.length, 256)
  await turn()
  assert.equal(begun.length, 512)
  await turn()
  await turn()
  assert.equal(begun.length, 1000)
})

test('those who wait take turns, one request at a time, and newcomers do not push in', async () => {
  const budget = new TurnBudget(() => 0)
  const begun: string[] = []
  for (const name of ['a', 'b', 'c']) taker(budget, name, begun, 600).resume()
  assert.equal(begun.length, 256)
  await turn()
  taker(budget, 'd', begun, 10).resume()
  assert.equal(begun.length, 512)
  const count = (name: string): number => begun.slice(256).filter((one) => one === name).length
  assert.ok(count('b') > 0 && count('c') > 0 && count('d') === 0)
  await turn()
  assert.equal(count('d'), 10)
  for (let i = 0; i < 8; i++) await turn()
  assert.equal(begun.length, 1810)
})

test('what takes long is begun in slices of time, and those that wait too long are refused', async () => {
  let nowMs = 0
  const budget = new TurnBudget(() => nowMs)
  const log: string[] = []
  const load = new SourceLoad('a')
  const ask = (name: string): void => {
    const begin = (): void => {
      nowMs += 0.12
      log.push(name)
    }
    const refuse = (reason: OverloadReason): void => void log.push(`${name} ${reason}`)
    const who: Applicant = { load, waitingSinceMs: 0, isGone: false, resume: begin, refuse }
    if (budget.takeRequest(who)) begin()
  }
  budget.spend(2048)
  for (let i = 0; i < 10; i++) ask(`early ${i}`)
  await turn()
  assert.deepEqual(log, ['early 0', 'early 1', 'early 2'])
  nowMs += LONGEST_WAIT_MS
  ask('late')
  await turn()
  assert.deepEqual(log.slice(3, 6), ['late', 'early 9', 'early 8'])
  assert.deepEqual(
    log.slice(6),
    ['early 3', 'early 4', 'early 5', 'early 6', 'early 7'].map((one) => `${one} eventLoop`),
  )
  assert.equal(budget.waiting, 0)
  ask('next')
  assert.equal(log.at(-1), 'next')
  assert.ok(STANDING_WAIT_MS < LONGEST_WAIT_MS)
})

test('who throws in his turn keeps neither the others from theirs, nor the turns from coming', async () => {
  const faults: string[] = []
  const onFault = (error: unknown): void => void faults.push(String(error))
  const budget = new TurnBudget(() => 0, undefined, { onCrowd: () => {}, onFault })
  const begun: string[] = []
  budget.spend(2048)
  const fail = (): never => {
    throw new Error('a bug')
  }
  assert.equal(budget.takePiece({ resume: fail }), false)
  assert.equal(budget.takePiece({ resume: () => void begun.push('piece') }), false)
  taker(budget, 'a', begun, 1).resume()
  await turn()
  assert.deepEqual([begun, faults], [[], ['Error: a bug']])
  await turn()
  assert.deepEqual(begun, ['piece', 'a'])
  const unlucky = { ...taker(budget, 'b', begun, 0), resume: fail }
  budget.spend(2048)
  assert.equal(budget.takeRequest(unlucky), false)
  taker(budget, 'c', begun, 1).resume()
  await turn()
  await turn()
  assert.deepEqual([begun, faults.length, budget.waiting], [['piece', 'a', 'c'], 2, 0])
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
  const who: Applicant = {
    load: new SourceLoad('a'),
    waitingSinceMs: 0,
    isGone: false,
    resume: () => log.push('request'),
    refuse: () => log.push('refused'),
  }
  assert.equal(budget.takeRequest(who), false)
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
