import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultOutlierDetection } from '../../model/backend/backend-defaults.ts'
import { endpointsOf } from '../../../test/support/models.ts'
import { FakePools } from '../../../test/support/upstream/fake-pools.ts'
import type { EndpointPool } from '../upstream/pool.ts'
import { findEligible } from './eligible.ts'

/**
 * Each endpoint is a letter: `h` healthy, `e` ejected for its answers (until its place in the text, in seconds), `u` because it
 * cannot be reached, `p` on probation, `s` with a share; capital letters are nearby.
 */
const poolsOf = (letters: string): readonly EndpointPool[] => {
  const pools = new FakePools()
  const { endpoints } = endpointsOf(
    'api',
    Array.from(letters, (_, i) => `10.0.0.${i}`),
  )
  return Array.from(letters, (letter, i) => {
    const endpoint = endpoints[i] ?? assert.fail()
    const pool = pools.poolOf(endpoint)
    const state = { e: 'ejected', u: 'ejected', p: 'probation' } as const
    const key = letter.toLowerCase()
    if (key === 'e' || key === 'u' || key === 'p') pool.health.state = state[key]
    pool.health.reason = key === 'u' ? 'localOrigin' : 'serverErrors'
    if (key === 's') pool.health.share = 0.5
    pool.health.untilMs = i * 1000
    return pool
  })
}

interface Case {
  readonly what: string
  readonly letters: string
  /** Places of those that are eligible. */
  readonly eligible: string
  readonly trials?: string
  readonly percent?: number
  readonly isPanic?: boolean
  readonly hasShares?: boolean
}

const cases: readonly Case[] = [
  { what: 'nobody', letters: '', eligible: '' },
  { what: 'all of them', letters: 'hhh', eligible: '012' },
  { what: 'not the ejected one', letters: 'heh', eligible: '02' },
  { what: 'not the one on probation, which gets a trial', letters: 'hph', eligible: '02', trials: '1' },
  { what: 'the only one, whatever it is', letters: 'e', eligible: '0' },
  { what: 'one of two', letters: 'eh', eligible: '1' },
  { what: 'of two that are out the one that is back first', letters: 'ee', eligible: '0' },
  { what: 'no more left out than the policy allows', letters: 'eeeh', eligible: '03', percent: 50 },
  { what: 'one left out at least', letters: 'eehhh', eligible: '0234', percent: 1 },
  { what: 'none that cannot be reached, whatever the policy allows', letters: 'uuuh', eligible: '3', percent: 50 },
  { what: 'none that cannot be reached, nor one for its answers', letters: 'uueh', eligible: '3', percent: 50 },
  {
    what: 'as many for their answers as may be left out, whoever else is',
    letters: 'ueeeehh',
    eligible: '156',
    percent: 50,
  },
  { what: 'the only one, if it cannot be reached', letters: 'u', eligible: '0' },
  { what: 'everybody when nobody can be reached', letters: 'uu', eligible: '01', isPanic: true },
  { what: 'everybody when nobody is well', letters: 'eee', eligible: '012', percent: 100, isPanic: true },
  {
    what: 'everybody, and those on probation',
    letters: 'epe',
    eligible: '012',
    trials: '1',
    percent: 100,
    isPanic: true,
  },
  { what: 'those with a share', letters: 'hsh', eligible: '012', hasShares: true },
  { what: 'those nearby', letters: 'HhHh', eligible: '02' },
  { what: 'all when all are near', letters: 'HH', eligible: '01' },
  { what: 'those nearby while half of them are well', letters: 'HEhh', eligible: '0' },
  { what: 'all when fewer are', letters: 'HEEhhhhh', eligible: '034567' },
  { what: 'those far away when nobody near is well', letters: 'Ehh', eligible: '12' },
  { what: 'no trial far away', letters: 'HHpP', eligible: '01', trials: '3' },
  { what: 'a trial far away where those are used', letters: 'Ehp', eligible: '1', trials: '2', percent: 100 },
  { what: 'no share of those far away', letters: 'Hs', eligible: '0' },
]
for (const { what, letters, eligible, trials = '', percent = 50, isPanic = false, hasShares = false } of cases) {
  test(`of "${letters}" ${what}`, () => {
    const all = poolsOf(letters)
    const near = new Set(all.filter((_, i) => letters[i] !== letters[i]?.toLowerCase()))
    const rules = { ...defaultOutlierDetection, maxEjectionPercent: percent }
    const found = findEligible(all, near, { size: all.length, rules })
    const places = (pools: readonly EndpointPool[]): string => pools.map((pool) => all.indexOf(pool)).join('')
    assert.deepEqual(
      [places(found.pools), places(found.trials), found.isPanic, found.hasShares],
      [eligible, trials, isPanic, hasShares],
    )
  })
}
