import assert from 'node:assert/strict'
import { it } from 'node:test'
import { policyOf, type Conditions } from '../../../../test/support/hostile/policies.ts'
import { modelOf, noFilters, serviceOf } from '../../../../test/support/models.ts'
import { HeaderList } from '../../../http/header-list.ts'
import type { AuthorizationPolicy } from '../../../model/security/authorization.ts'
import { compile } from '../../../snapshot/compile.ts'
import { findFrontend } from '../../../snapshot/resolve.ts'
import type { VerifiedToken } from '../../../filter/verified-token.ts'
import type { Frontend } from '../../../snapshot/snapshot.ts'
import type { LocalReply } from '../../response/local-reply.ts'
import type { GuardedExchange } from '../guards.ts'
import { reviewExchange } from './review-exchange.ts'
import { createAdmissionGuard } from './admission-guard.ts'
import type { LateQuestion } from './late-questions.ts'
import type { LiveExchange } from './facts-as-received.ts'

const ask: AuthorizationPolicy = { key: 'shop/ask', action: 'CUSTOM', isDryRun: false, provider: 'login', rules: [] }

const frontendWith = (conditions: Conditions, custom = ask): Frontend => {
  const authorizations = [custom, policyOf('DENY', conditions)]
  const services = [serviceOf({}, { authorizations: authorizations.map(({ key }) => key) })]
  const snapshot = compile(modelOf([], { services, authorizations }), { generation: 1, filters: noFilters })
  const frontend = findFrontend(snapshot, '10.96.0.12:80')
  assert.ok(frontend)
  return frontend
}

/** Nobody is to be asked here. */
const questions = { ask: () => assert.fail('somebody is asked') }
const admissionGuard = createAdmissionGuard(questions)

/** What a review ends an exchange with. */
const review = (exchange: LiveExchange, frontend: Frontend): LocalReply | undefined => {
  let reply: LocalReply | undefined
  reviewExchange(exchange, { head, frontend, questions, end: (given) => (reply = given) })
  return reply
}

/** An exchange in front of its last guard; nothing else of one is looked at here. */
const exchangeOf = (frontend: Frontend, token?: VerifiedToken): LiveExchange & GuardedExchange => {
  const request = { method: 'GET', authority: 'api', path: '/admin', query: '', headers: new HeaderList(), token }
  const source = { principal: undefined, namespace: undefined, serviceAccount: undefined, address: '10.1.0.1' }
  const snapshot = { pathNormalization: 'BASE' }
  return {
    frontend,
    request,
    source,
    snapshot,
    record: { destination: { hostname: 'api' } },
    isAdmitted: false,
  } as unknown as LiveExchange & GuardedExchange
}
const head = {
  method: 'GET',
  target: '/admin',
  minorVersion: 1,
  headers: new HeaderList(),
  host: 'api',
  scheme: 'http',
  bodyLength: 0,
  keepAlive: true,
  expectsContinue: false,
  mayHaveTrace: false,
  upgrade: undefined,
} as const

it('what has come while a provider was asked is asked when that is over', () => {
  const before = frontendWith({ path: ['/other'] })
  for (const [conditions, expected] of [
    [{ path: ['/admin'] }, 403],
    [{ path: ['/else'] }, undefined],
  ] as const) {
    const exchange = exchangeOf(before)
    assert.equal(review(exchange, frontendWith(conditions)), undefined)
    const reply = admissionGuard(before)?.(exchange)
    assert.equal(reply !== undefined && 'status' in reply ? reply.status : undefined, expected)
  }
})

it('a token counts as it was verified, whether or not it has run out since', () => {
  const before = frontendWith({ path: ['/other'] })
  const token = {
    principal: 'idp/anna',
    issuer: 'idp',
    subject: 'anna',
    audiences: [],
    presenter: undefined,
    claims: { exp: 1 },
  }
  const exchange = exchangeOf(before, token)
  assert.equal(admissionGuard(before)?.(exchange), undefined)
  // What filters do to the token of the request is none of policies' business.
  exchange.request.token = undefined
  const live = { ...exchange, isAdmitted: true }
  assert.equal(review(live, frontendWith({ 'request.auth.principal': ['idp/bert'] })), undefined)
  const denied = review(live, frontendWith({ 'request.auth.principal': ['idp/anna'] }))
  assert.equal(denied?.details, 'rbac_access_denied_matched_policy[ns[shop]-policy[deny]-rule[0]]')
})

it('a provider that comes later is asked about the request as it came, with the token that was taken out', () => {
  const seen: (string | undefined)[] = []
  const asking = {
    ask: ({ about }: LateQuestion) => void seen.push(about()?.request?.headers.getLower('authorization')),
  }
  const headers = new HeaderList()
  headers.checked = ['authorization', 'Bearer abc']
  const withToken = { ...head, headers }
  const custom = { ...ask, rules: policyOf('DENY', { authorization: ['Bearer *'] }).rules }
  const [before, after] = [frontendWith({ path: ['/other'] }), frontendWith({ path: ['/other'] }, custom)]
  for (const isAdmitted of [true, false]) {
    // What a RequestAuthentication verified is not in it any more.
    const exchange = exchangeOf(before)
    if (isAdmitted) void createAdmissionGuard(asking)(before)?.(exchange)
    const live = { ...exchange, isAdmitted }
    const end = (): never => assert.fail('it ends')
    reviewExchange(live, { head: withToken, frontend: after, questions: asking, end })
    if (!isAdmitted) void createAdmissionGuard(asking)(before)?.(live)
  }
  assert.deepEqual(seen, ['Bearer abc', 'Bearer abc'])
})
