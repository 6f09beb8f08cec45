import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { CallError } from '../../filter/env/calls.ts'
import { createLogger } from '../../lib/log.ts'
import { Counters } from '../../proxy/counters.ts'
import { createPlaneGuards } from './plane-guards.ts'
import type { PlaneGuards } from './plane-guards.ts'

const setUp = (): PlaneGuards => {
  const clock = createFakeClock()
  const log = createLogger({ write: () => {}, level: 'off', clock })
  const guards = createPlaneGuards({ clock, log, counters: new Counters() })
  guards.observe({
    filterModules: [
      { digest: 'abc', root: '/filters', entry: 'a.ts', files: { 'a.ts': '' }, kind: 'A', stage: 'shape' },
    ],
  })
  const user = { id: 'shop/a', module: 'abc', version: 'v1', failureMode: 'closed', hookMs: 10, waitMs: 1000 } as const
  guards.guard({}, { kind: 'A', config: {}, origin: 'x', user: { ...user, isolation: 'none' } }, { kind: 'A' })
  return guards
}

const withStack = (error: Error, ...frames: readonly string[]): Error =>
  Object.assign(error, { stack: [`Error: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n') })
const ours = `f (${fileURLToPath(new URL('../../proxy/exchange.ts', import.meta.url))}:3:1)`

describe('an error that nobody caught', () => {
  const cases: readonly (readonly [what: string, error: unknown, isForgiven: boolean, counted: number])[] = [
    ['goes through the files of a filter', withStack(new Error('no'), 'g (/filters/a.ts:3:1)', ours), true, 1],
    ['comes from a promise that somebody forgot', 'just a text', true, 0],
    ['is what cannot even be read', Object.create(null), true, 0],
    [
      'comes from a package that a filter uses',
      withStack(new Error('no'), 'g (/filters/node_modules/x/x.js:3:1)'),
      true,
      0,
    ],
    ['is a call of a filter that failed', withStack(new CallError('ENOSERVICE', 'no'), ours), true, 0],
    ['goes through our sources alone', withStack(new Error('no'), ours), false, 0],
  ]
  for (const [what, error, isForgiven, counted] of cases) {
    it(what, () => {
      const guards = setUp()
      assert.equal(guards.blameStray(error, 'reject'), isForgiven)
      assert.equal(guards.read()[0]?.failures.reject, counted)
      if (counted > 0) assert.equal(guards.read()[0]?.lastFailure?.location, 'a.ts:3')
    })
  }

  it('is ours where there are no filters', () => {
    const clock = createFakeClock()
    const log = createLogger({ write: () => {}, level: 'off', clock })
    assert.equal(createPlaneGuards({ clock, log, counters: new Counters() }).blameStray('just a text', 'reject'), false)
  })
})
