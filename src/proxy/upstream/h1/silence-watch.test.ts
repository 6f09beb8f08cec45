import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { SilenceWatch } from './silence-watch.ts'
import type { WatchedSession } from './silence-watch.ts'

let asked: ((isDeaf: boolean) => void)[]
let lost: string[]
let watch: SilenceWatch
let nowMs: number
beforeEach(() => {
  asked = []
  lost = []
  nowMs = 1000
  watch = new SilenceWatch((done) => asked.push(done))
})

const add = (name: string, awaitsHead = true): WatchedSession => {
  const session = { awaitsHead, isHeard: true, silentSinceMs: 0, loseSilent: () => void lost.push(name) }
  watch.add(session)
  return session
}

const pass = (seconds: number): void => {
  for (let i = 0; i < seconds; i++) watch.tick((nowMs += 1000))
}

test('who waits for ten seconds is lost when nobody answers a connection either', () => {
  add('a')
  pass(11)
  assert.equal(asked.length, 0)
  pass(1)
  assert.equal(asked.length, 1)
  pass(9)
  assert.deepEqual([asked.length, lost], [1, []], 'it is asked once')
  asked[0]?.(true)
  assert.deepEqual(lost, ['a'])
})

test('who takes his time is asked again and again, and nothing is lost', () => {
  add('a')
  pass(12)
  asked[0]?.(false)
  pass(10)
  assert.equal(asked.length, 1)
  pass(2)
  assert.equal(asked.length, 2)
  asked[1]?.(false)
  assert.deepEqual(lost, [])
})

test('only those are lost that had waited long enough when it was asked, and have heard nothing since', () => {
  add('long')
  const answered = add('answered')
  pass(6)
  add('short')
  pass(6)
  assert.equal(asked.length, 1)
  answered.isHeard = true
  asked[0]?.(true)
  assert.deepEqual(lost, ['long'])
})

test('idle connections, and those that are gone, have nobody asked', () => {
  add('idle', false)
  const gone = add('gone')
  pass(5)
  watch.delete(gone)
  pass(30)
  assert.equal(asked.length, 0)
})

test('a request that begins on a connection that was silent has its own time', () => {
  const session = add('a')
  pass(9)
  session.isHeard = true
  pass(9)
  assert.equal(asked.length, 0)
})
