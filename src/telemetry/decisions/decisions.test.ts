import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { knownSource, makeRecord, unknownSource } from '../../../test/support/exchange-records.ts'
import { seededRandom } from '../../../test/support/random.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import { notAllowed, notDenied } from '../../snapshot/security/authorize.ts'
import { lineOf as formatLine, testLogHost } from '../../../test/support/telemetry/log-host.ts'
import { createAccessLogs } from '../log/access-logs.ts'
import { createDecisionChoice } from './choose-decisions.ts'
import { DecisionCounts } from './count-decisions.ts'
import { decisionFields } from './decision-fields.ts'

const decision = (
  action: NonNullable<AuthorizationDecision['action']>,
  policy: string,
  rest: Partial<AuthorizationDecision> = {},
): AuthorizationDecision => ({
  verdict: action === 'DENY' || action === 'CUSTOM' ? 'deny' : 'allow',
  action,
  policy: `shop/${policy}`,
  rule: 1,
  mode: 'enforce',
  details: '',
  ...rest,
})

const allowed = makeRecord({ authorization: decision('ALLOW', 'web') })
const denied = makeRecord({
  authorization: decision('DENY', 'admins'),
  status: 403,
  requestPrincipal: 'https://idp/u1',
})
const dry = decision('DENY', 'dry', { mode: 'dry-run' })
const audit = decision('AUDIT', 'seen')

describe('a line that tells of the decision', () => {
  const lineOf = (record: ExchangeRecord, format: 'json' | 'text'): string =>
    formatLine(record, format, decisionFields(record))
  const authorizationOf = (record: ExchangeRecord): unknown =>
    (JSON.parse(lineOf(record, 'json')) as Record<string, unknown>)['authorization']

  it('has who, which policy and rule, verdict and mode in JSON', () => {
    assert.deepEqual(authorizationOf(denied), {
      verdict: 'deny',
      action: 'DENY',
      policy: 'shop/admins',
      rule: 1,
      mode: 'enforce',
      principal: knownSource.principal,
      request_principal: 'https://idp/u1',
    })
    assert.deepEqual(authorizationOf(makeRecord({ authorization: notAllowed, source: unknownSource })), {
      verdict: 'deny',
      action: null,
      policy: null,
      rule: null,
      mode: 'enforce',
      principal: null,
      request_principal: null,
    })
  })

  it('has what was only noted', () => {
    const { noted } = authorizationOf({ ...allowed, authorizationNotes: [audit, dry] }) as { readonly noted: unknown }
    assert.deepEqual(noted, [
      { verdict: 'allow', action: 'AUDIT', policy: 'shop/seen', rule: 1, mode: 'enforce' },
      { verdict: 'deny', action: 'DENY', policy: 'shop/dry', rule: 1, mode: 'dry-run' },
    ])
  })

  it('has one column more in text, at the end', () => {
    const plain = formatLine(allowed, 'text').trimEnd()
    assert.equal(lineOf(allowed, 'text'), `${plain} authz=allow:shop/web[1]\n`)
    const noted = { ...allowed, authorization: notDenied, authorizationNotes: [audit, dry] }
    assert.equal(lineOf(noted, 'text'), `${plain} authz=allow:none,audit:shop/seen[1],dry-run:deny:shop/dry[1]\n`)
  })

  it('is as it was where no policy decided', () => {
    assert.equal(lineOf(makeRecord(), 'json'), formatLine(makeRecord(), 'json'))
  })
})

describe('whose decision is logged', () => {
  const isChosen = (share: number, record: ExchangeRecord): boolean => createDecisionChoice(share, () => 0.5)(record)

  it('all that are denied, whatever the share', () => {
    assert.equal(isChosen(0, denied), true)
    assert.equal(isChosen(0, { ...allowed, authorization: notAllowed }), true)
  })

  it('all that were audited, or that a dry run would have denied', () => {
    assert.equal(isChosen(0, { ...allowed, authorizationNotes: [audit] }), true)
    assert.equal(isChosen(0, { ...allowed, authorizationNotes: [dry] }), true)
    const fine = decision('ALLOW', 'dry', { mode: 'dry-run' })
    assert.equal(isChosen(0, { ...allowed, authorizationNotes: [fine] }), false)
  })

  it('a share of those that are allowed', () => {
    assert.deepEqual([isChosen(0, allowed), isChosen(0.4, allowed), isChosen(0.6, allowed)], [false, false, true])
    const { fraction } = seededRandom(1)
    const choose = createDecisionChoice(0.01, fraction)
    const chosen = Array.from({ length: 100_000 }, () => choose(allowed)).filter(Boolean).length
    assert.ok(Math.abs(chosen - 1000) < 100, `${chosen} of 100,000`)
  })

  it('none that no policy was asked about', () => assert.equal(isChosen(1, makeRecord()), false))
})

it('a log of decisions alone has lines for those alone', () => {
  let written = ''
  const log = createAccessLogs({
    tellsDecision: createDecisionChoice(0, () => 0.5),
    queueOf: () => ({ push: (line) => (written += line), dropped: () => 0, flush: () => Promise.resolve() }),
    host: testLogHost,
    random: () => 0.5,
  })
  for (const record of [makeRecord(), denied, allowed]) log.record(record)
  const lines = written.trimEnd().split('\n')
  assert.equal(lines.length, 1)
  assert.match(lines[0] ?? '', /"response_code":403,.*"authorization":\{"verdict":"deny"/)
})

it('decisions are counted by action, verdict and mode, notes among them', () => {
  const counts = new DecisionCounts()
  assert.deepEqual(counts.dump(), [])
  for (const record of [allowed, allowed, denied, { ...allowed, authorizationNotes: [audit, dry] }]) counts.add(record)
  counts.add(makeRecord({ authorization: notAllowed }))
  counts.add(makeRecord({ authorization: notDenied }))
  counts.add(makeRecord({ authorization: decision('CUSTOM', 'ask') }))
  counts.add(makeRecord())
  assert.deepEqual(
    counts.dump().map(({ label, value }) => [label, value]),
    [
      [['allow', 'allow', 'enforce'], 3],
      [['deny', 'deny', 'enforce'], 1],
      [['deny', 'deny', 'dry-run'], 1],
      [['audit', 'allow', 'enforce'], 1],
      [['custom', 'deny', 'enforce'], 1],
      [['none', 'allow', 'enforce'], 1],
      [['none', 'deny', 'enforce'], 1],
    ],
  )
})
