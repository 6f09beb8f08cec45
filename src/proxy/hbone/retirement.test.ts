import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counters } from '../counters.ts'
import { Retirement } from './retirement.ts'
import type { RetirementDeadlines } from './retirement.ts'

const begin = (deadlines: Omit<RetirementDeadlines, 'agedConnectionMs'>) => {
  const counters = new Counters()
  return {
    counters,
    retirement: new Retirement({ deadlines: { agedConnectionMs: 7_200_000, ...deadlines }, counters }),
  }
}

test('each reason has its time, from the first look on', () => {
  const deadlines = { distrustedPeerMs: 10_000, expiredPeerMs: 60_000 }
  for (const [reason, limitMs, name] of [
    ['revoked', 10_000, 'distrustedPeer'],
    ['untrustedRoot', 10_000, 'distrustedPeer'],
    ['foreignTrustDomain', 10_000, 'distrustedPeer'],
    ['expired', 60_000, 'expiredPeer'],
    ['aged', 7_200_000, 'agedConnection'],
  ] as const) {
    const { retirement, counters } = begin(deadlines)
    assert.equal(retirement.reason, undefined)
    assert.equal(retirement.phase(5000), undefined)
    assert.equal(retirement.begin(reason), true)
    assert.equal(retirement.begin(reason), false)
    assert.equal(retirement.phase(8000), 'announced')
    assert.equal(retirement.phase(8999), 'announced')
    assert.equal(retirement.phase(9000), 'final')
    assert.equal(retirement.phase(8000 + limitMs - 1), 'final')
    assert.equal(retirement.phase(8000 + limitMs), 'over')
    retirement.noteCut()
    assert.equal(counters.connectionsRetired[reason], 1)
    assert.equal(counters.deadlines[name], 1)
  }
})

test('0 is for ever', () => {
  const { retirement } = begin({ distrustedPeerMs: 0, expiredPeerMs: 1000 })
  retirement.begin('revoked')
  assert.equal(retirement.phase(1), 'announced')
  assert.equal(retirement.phase(1e9), 'final')
})

test('a worse reason begins anew, and counts no second connection; a lesser one does not', () => {
  const { retirement, counters } = begin({ distrustedPeerMs: 2000, expiredPeerMs: 60_000 })
  retirement.begin('aged')
  retirement.phase(500)
  assert.equal(retirement.begin('expired'), true)
  assert.equal(retirement.begin('aged'), false)
  assert.equal(retirement.phase(1000), 'announced')
  assert.equal(retirement.begin('revoked'), true)
  assert.equal(retirement.phase(50_000), 'announced')
  assert.equal(retirement.begin('expired'), false)
  assert.equal(retirement.begin('untrustedRoot'), false)
  assert.equal(retirement.phase(52_000), 'over')
  assert.deepEqual(counters.connectionsRetired, {
    expired: 0,
    revoked: 0,
    untrustedRoot: 0,
    foreignTrustDomain: 0,
    aged: 1,
  })
})
