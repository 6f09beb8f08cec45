import assert from 'node:assert/strict'
import { it } from 'node:test'
import { policyOf, type Conditions } from '../../../../test/support/hostile/policies.ts'
import { modelOf, noFilters, serviceOf } from '../../../../test/support/models.ts'
import { HeaderList } from '../../../http/header-list.ts'
import { compile } from '../../../snapshot/compile.ts'
import { findFrontend } from '../../../snapshot/resolve.ts'
import type { Frontend } from '../../../snapshot/snapshot.ts'
import type { GuardedExchange } from '../guards.ts'
import { reviewExchange } from './review-exchange.ts'
import { admissionGuard } from './admission-guard.ts'
import type { LiveExchange } from './facts-as-received.ts'

const frontendWith = (conditions: Conditions): Frontend => {
  const policy = policyOf('DENY', conditions)
  const services = [serviceOf({}, { authorizations: [policy.key] })]
  const snapshot = compile(modelOf([], { services, authorizations: [policy] }), { generation: 1, filters: noFilters })
  const frontend = findFrontend(snapshot, '10.96.0.12:80')
  assert.ok(frontend)
  return frontend
}

it('what has come while a provider was asked is asked when that is over', () => {
  const before = frontendWith({ path: ['/other'] })
  for (const [conditions, expected] of [
    [{ path: ['/admin'] }, 403],
    [{ path: ['/else'] }, undefined],
  ] as const) {
    const request = { method: 'GET', authority: 'api', path: '/admin', query: '', headers: new HeaderList() }
    const source = { principal: undefined, namespace: undefined, serviceAccount: undefined, address: '10.1.0.1' }
    // Nothing else of an exchange is looked at here.
    const exchange = { frontend: before, request, source, record: {}, isAdmitted: false } as unknown as LiveExchange &
      GuardedExchange
    const head = { method: 'GET', target: '/admin', headers: request.headers } as never
    assert.equal(reviewExchange(exchange, head, frontendWith(conditions)), undefined)
    const reply = admissionGuard(before)?.(exchange)
    assert.equal(reply !== undefined && 'status' in reply ? reply.status : undefined, expected)
  }
})
