import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeClock } from '../../test/support/fake-clock.ts'
import { checkDescriptors, connectionsWithin, descriptorLimit, watchDescriptors } from './descriptors.ts'

const recorder = () => {
  const warnings: string[] = []
  return { warnings, log: { warn: (message: string) => void warnings.push(message) } }
}

it('the limit of this process is known', { skip: process.platform !== 'linux' }, () => {
  assert.ok((descriptorLimit() ?? 0) >= 256)
})

describe('the limit at the start', () => {
  const cases: readonly (readonly [limit: number | undefined, says: RegExp | undefined])[] = [
    [undefined, undefined],
    [1_048_576, undefined],
    [16_384, undefined],
    [16_383, /16383 file descriptors.*at most 8159 connections/],
    [1024, /1024 file descriptors.*at most 480 connections.*LimitNOFILE.*to 16384 or more/],
    [256, /at most 96 connections/],
  ]
  for (const [limit, says] of cases) {
    it(`${limit}: ${says === undefined ? 'fine' : 'a warning'}`, () => {
      const { warnings, log } = recorder()
      checkDescriptors(limit, log)
      assert.equal(warnings.length, says === undefined ? 0 : 1)
      if (says !== undefined) assert.match(warnings[0] ?? '', says)
    })
  }

  it('255: nothing is started', () => {
    const { log } = recorder()
    assert.throws(() => checkDescriptors(255, log), { code: 'EDESCRIPTORS', message: /255 .*at least 256.*ulimit -Hn/ })
  })

  it('half of them are for connections that come in', () => {
    assert.deepEqual([undefined, 1_000_000, 1024, 3].map(connectionsWithin), [10_000, 10_000, 480, 1])
  })
})

it('running out is told once a minute, and no more once it is over', () => {
  const clock = createFakeClock()
  const { warnings, log } = recorder()
  let lowest: number | 'none' = 20
  const stop = watchDescriptors({ limit: 1000, clock, log, probe: () => lowest })
  clock.advance(60_000)
  assert.deepEqual(warnings, [])
  lowest = 'none'
  clock.advance(5000)
  assert.match(warnings.at(-1) ?? '', /^no file descriptor is left of 1000: /)
  clock.advance(55_000)
  assert.equal(warnings.length, 1)
  lowest = 900
  clock.advance(5000)
  assert.match(warnings.at(-1) ?? '', /^900 file descriptors are in use of 1000: /)
  lowest = 899
  clock.advance(120_000)
  assert.equal(warnings.length, 2)
  lowest = 'none'
  stop()
  clock.advance(120_000)
  assert.equal(warnings.length, 2)
})
