import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Quarantine } from './quarantine.ts'

/** `p`: a call passes, `f`: one fails; a number: milliseconds go by. */
type Steps = readonly ('p' | 'f' | number)[]

const times = (count: number, ...steps: Steps): Steps => Array.from({ length: count }, () => steps).flat()

const run = (steps: Steps): { readonly quarantine: Quarantine; readonly nowMs: number } => {
  const quarantine = new Quarantine()
  let nowMs = 1_000_000
  for (const step of steps) {
    if (typeof step === 'number') nowMs += step
    else if (!quarantine.admit(nowMs)) continue
    else if (step === 'p') quarantine.pass(() => nowMs)
    else quarantine.fail(nowMs)
  }
  return { quarantine, nowMs }
}

describe('a filter is not called any more', () => {
  const cases: readonly (readonly [what: string, steps: Steps, forMs: number | 'active' | 'probation'])[] = [
    ['nine failures in a row', times(9, 'f'), 'active'],
    ['ten failures in a row', times(10, 'f'), 30_000],
    ['ten failures, with a call between that does well', [...times(9, 'f'), 'p', 'f'], 'active'],
    ['half of more than twenty calls in ten seconds', times(11, 'f', 'p'), 30_000],
    ['fewer than half', times(20, 'f', 'p', 'p'), 'active'],
    ['half, in longer than ten seconds', times(40, 'f', 'p', 1100), 'active'],
    ['the time is over', [...times(10, 'f'), 30_000], 'probation'],
    ['a probe fails', [...times(10, 'f'), 30_000, 'f'], 60_000],
    ['two probes do well', [...times(10, 'f'), 30_000, 'p', 'p'], 'probation'],
    ['two probes do well, the third fails', [...times(10, 'f'), 30_000, 'p', 'p', 'f'], 60_000],
    ['three probes do well', [...times(10, 'f'), 30_000, 'p', 'p', 'p'], 'active'],
    ['many probes have failed', [...times(10, 'f'), ...times(9, 300_000, 'f')], 300_000],
    ['again, soon', [...times(10, 'f'), 30_000, ...times(3, 'p'), ...times(10, 'f')], 60_000],
    ['again, after long', [...times(10, 'f'), 30_000, ...times(3, 'p'), 600_000, ...times(10, 'f')], 30_000],
  ]
  for (const [what, steps, expected] of cases) {
    it(`${what}: ${expected}`, () => {
      const { quarantine, nowMs } = run(steps)
      const reading = quarantine.read(nowMs)
      const found = reading.state === 'quarantined' ? reading.untilMs - nowMs : reading.state
      assert.equal(found, expected)
      assert.equal(quarantine.isActive, expected === 'active')
    })
  }
})

it('one call at a time probes', () => {
  const { quarantine, nowMs } = run([...times(10, 'f'), 30_000])
  assert.deepEqual([quarantine.admit(nowMs), quarantine.admit(nowMs)], [true, false])
  quarantine.pass(() => nowMs)
  assert.equal(quarantine.admit(nowMs), true)
})

it('what has taken a process down is not called for five minutes, then ten', () => {
  const quarantine = new Quarantine()
  assert.equal(quarantine.condemn(0), 300_000)
  assert.equal(quarantine.admit(299_999), false)
  assert.equal(quarantine.admit(300_000), true)
  assert.equal(quarantine.condemn(300_000), 600_000)
})

it('what another process has found out holds here, and counts', () => {
  const quarantine = new Quarantine()
  quarantine.hold(0, 5000)
  assert.equal(quarantine.admit(4999), false)
  assert.equal(quarantine.admit(5000), true)
  quarantine.fail(5000)
  assert.deepEqual(quarantine.read(5000), { state: 'quarantined', untilMs: 65_000 })
})
