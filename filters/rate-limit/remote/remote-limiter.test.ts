import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeEnv } from 'fairway/filter/testing'
import { passed, unavailable, type Decision, type Demand, type Limiter } from '../counting/limit.ts'
import { RemoteLimiter } from './remote-limiter.ts'

type Answer = PromiseWithResolvers<Decision>

const open = (fallback: Limiter | 'Open' | 'Closed' = 'Closed') => {
  const env = createFakeEnv({ nowMs: 1000 })
  const asked: Answer[] = []
  const counter = {
    decide: () => {
      const answer = Promise.withResolvers<Decision>()
      asked.push(answer)
      return answer.promise
    },
    charge: () => Promise.reject(new Error('down')),
    close: () => {},
  }
  const limiter = new RemoteLimiter({ name: 'Redis', counter, timeoutMs: 20, fallback, env })
  const decide = () => limiter.decide([], env.now())
  return { env, asked, limiter, decide }
}

/** For a tenth of a second nobody is answered. */
const silence = async ({ env, asked, decide }: ReturnType<typeof open>) => {
  const decisions = Array.from({ length: 8 }, decide)
  env.advance(100)
  decisions.push(decide())
  assert.equal(asked.length, 9, 'many at once are one failure')
  env.advance(20)
  return Promise.all(decisions.map((decision) => Promise.resolve(decision)))
}

describe('who counts elsewhere', () => {
  it('decides', async () => {
    const { asked, decide } = open()
    const decision = decide()
    const refused = { isAllowed: false, standings: [] }
    asked[0]?.resolve(refused)
    assert.equal(await decision, refused)
  })

  it('is waited for no longer than the time that is set, and a late answer changes nothing', async () => {
    const { env, asked, decide } = open('Open')
    const decision = decide()
    env.advance(19)
    asked[0]?.resolve(unavailable)
    assert.equal(await decision, unavailable)
    const late = decide()
    env.advance(20)
    assert.equal(await late, passed)
    asked[1]?.resolve(unavailable)
    assert.equal(env.counted('rate_limit_failures_total', { reason: 'timeout' }), 1)
  })

  it('is replaced at once by the failure mode when it fails', async () => {
    const local = { decide: () => passed, charge: () => {} }
    for (const [mode, expected] of [
      ['Open', passed],
      ['Closed', unavailable],
      [local, passed],
    ] as const) {
      const { env, asked, decide } = open(mode)
      const decision = decide()
      asked[0]?.reject(new Error('OOM command not allowed'))
      assert.equal(await decision, expected)
      assert.equal(env.counted('rate_limit_failures_total', { reason: 'error' }), 1)
    }
  })

  it('is not asked after a tenth of a second of failures, then by one request at a time, until one is answered', async () => {
    const setting = open()
    const { env, asked, decide } = setting
    assert.deepEqual(
      await silence(setting),
      Array.from({ length: 9 }, () => unavailable),
    )
    assert.equal(decide(), unavailable)
    assert.equal(asked.length, 9)
    assert.deepEqual(env.logged, ['warn: test: Redis does not answer (nothing in 20 ms): the failure mode holds'])

    env.advance(100)
    const probe = decide()
    assert.equal(decide(), unavailable, 'one probe at a time')
    env.advance(20)
    assert.equal(await probe, unavailable)
    env.advance(199)
    assert.equal(decide(), unavailable, 'the second pause is twice as long')
    env.advance(1)
    const second = decide()
    asked[10]?.resolve(passed)
    assert.equal(await second, passed)
    assert.equal(env.logged[1], 'info: test: Redis answers again')
    void decide()
    void decide()
    assert.equal(asked.length, 13)
  })

  it('that is late by the time of the pause does not end it', async () => {
    const setting = open()
    await silence(setting)
    setting.asked[0]?.resolve(passed)
    await setting.asked[0]?.promise
    assert.equal(setting.decide(), unavailable)
  })

  it('what it cannot be told of answers is taken from the fallback', async () => {
    const charged: Demand[] = []
    const { limiter, env } = open({ decide: () => passed, charge: (demands) => void charged.push(...demands) })
    const limit = { name: 'l', algorithm: 'TokenBucket', requests: 1, periodMs: 1, burst: 1, isShadow: false } as const
    limiter.charge([{ limit, key: '', cost: 7 }], env.now())
    await Promise.resolve()
    await Promise.resolve()
    assert.deepEqual(
      charged.map(({ cost }) => cost),
      [7],
    )
  })
})
