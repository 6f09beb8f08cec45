import assert from 'node:assert/strict'
import { test } from 'node:test'
import { copyOf, modelOf, noFilters, routeOf, serviceOf } from '../../../test/support/models.ts'
import { randomFacts } from '../../../test/support/authorization/random-policies.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { runSteps } from '../../lib/steps/run-steps.ts'
import type { BoundPod } from '../../model/endpoint.ts'
import type { Model } from '../../model/model.ts'
import type { AuthorizationPolicy } from '../../model/security/authorization.ts'
import { formatServiceKey } from '../../model/service.ts'
import { compile } from '../compile.ts'
import { findFrontend } from '../resolve.ts'
import type { Frontend, Snapshot } from '../snapshot.ts'
import { authorize } from './authorize.ts'
import { compilePolicies, noAuthorizations } from './compile-authorization.ts'

const policy = (name: string, path = '/a'): AuthorizationPolicy => ({
  key: `shop/${name}`,
  action: 'DENY',
  isDryRun: false,
  rules: [
    { from: [], to: [[{ field: { kind: 'request.path' }, values: [path], notValues: [], path: 'p' }]], when: [] },
  ],
})

const pod: BoundPod = {
  key: 'shop/api-1',
  addresses: ['10.1.0.1'],
  transport: 'plain',
  workload: { uid: 'api-1' },
  authorizations: ['shop/a', 'shop/b'],
}

/** Three Services, two of them under the same policies, and a Pod under these too. */
const model = (authorizations: readonly AuthorizationPolicy[], parts: Partial<Model> = {}): Model =>
  modelOf([routeOf('a')], {
    trafficType: 'all',
    services: [
      serviceOf({}, { name: 'api', key: formatServiceKey('shop', 'api'), authorizations: ['shop/a', 'shop/b'] }),
      serviceOf(
        {},
        {
          name: 'cart',
          key: formatServiceKey('shop', 'cart'),
          addresses: ['10.96.0.13'],
          authorizations: ['shop/a', 'shop/b'],
        },
      ),
      serviceOf(
        {},
        { name: 'free', key: formatServiceKey('shop', 'free'), addresses: ['10.96.0.14'], authorizations: ['shop/b'] },
      ),
    ],
    pods: [pod],
    authorizations,
    ...parts,
  })

const build = (of: Model, previous?: Snapshot): Snapshot => compile(of, { generation: 1, previous, filters: noFilters })

const at = (snapshot: Snapshot, authority: string): Frontend => {
  const frontend = findFrontend(snapshot, authority)
  assert.ok(frontend !== undefined, authority)
  return frontend
}

const ADDRESSES = ['10.96.0.12:80', '10.96.0.13:80', '10.1.0.1:8080', '10.96.0.14:80']

test('frontends under the same policies share what was compiled of them', () => {
  const snapshot = build(model([policy('a'), policy('b')]))
  const [api, cart, ofPod, free] = ADDRESSES.map((address) => at(snapshot, address).authorization)
  assert.ok(api !== undefined && api === cart && api === ofPod)
  assert.ok(free !== undefined && free !== api)
  assert.equal(free.policies[0], api.policies[1])
})

test('what did not change is handed on, frontends and all', () => {
  const before = build(model([policy('a'), policy('b')]))
  const frontends = ADDRESSES.map((address) => at(before, address))
  const after = build(copyOf(model([policy('a'), policy('b')])), before)
  assert.equal(after.authorizations.plans, before.authorizations.plans)
  assert.deepEqual(
    ADDRESSES.map((address, index) => at(after, address) === frontends[index]),
    [true, true, true, true],
  )
})

test('a policy that changed is in force on all that it applies to, and nothing else is made anew', () => {
  const before = build(model([policy('a'), policy('b')]))
  const frontends = ADDRESSES.map((address) => at(before, address))
  const after = build(model([policy('a', '/other'), policy('b')]), before)
  assert.deepEqual(
    ADDRESSES.map((address, index) => at(after, address) === frontends[index]),
    [false, false, false, true],
  )
  for (const address of ADDRESSES.slice(0, 3)) {
    assert.equal(at(after, address).authorization?.policies[0]?.source.rules[0]?.to[0]?.[0]?.values[0], '/other')
  }
})

test('Pods are judged anew when only policies change', () => {
  const pods = [pod]
  const before = build(model([policy('a'), policy('b')], { pods }))
  const was = at(before, '10.1.0.1:8080')
  const after = build(model([policy('b')], { pods }), before)
  const now = at(after, '10.1.0.1:8080')
  assert.notEqual(now, was)
  // A key without a policy: nobody knows what it would have refused.
  assert.equal(now.authorization?.policies[0]?.source.rules.length, 1)
})

test('policies that are all the same come out as the same map', () => {
  const first = runSteps(compilePolicies([policy('a'), policy('b')], noAuthorizations.plans))
  assert.equal(runSteps(compilePolicies([policy('a'), policy('b')], first)), first)
  assert.notEqual(runSteps(compilePolicies([policy('a')], first)), first)
  const changed = runSteps(compilePolicies([policy('a'), policy('b', '/x')], first))
  assert.equal(changed.get('shop/a'), first.get('shop/a'))
  assert.notEqual(changed.get('shop/b'), first.get('shop/b'))
})

test('what many Services have in common is arranged once, and each of them decides by all of it', () => {
  const names = Array.from({ length: 20 }, (_, i) => `own-${i}`)
  const services = names.map((name, i) => {
    const addresses = [`10.97.0.${i + 1}`]
    const parts = { name, key: formatServiceKey('shop', name), addresses }
    return serviceOf({}, { ...parts, authorizations: ['shop/a', 'shop/b', `shop/${name}`] })
  })
  const policies = [policy('a'), policy('b', '/b'), ...names.map((name) => policy(name, `/${name}`))]
  const snapshot = build(model(policies, { services }))
  const judge = (i: number, path: string) => {
    const { authorization } = at(snapshot, `10.97.0.${i + 1}:80`)
    assert.ok(authorization !== undefined)
    const facts = randomFacts(seededRandom(1))
    assert.ok(facts.request !== undefined)
    return authorize(authorization, { ...facts, request: { ...facts.request, path } })
  }
  for (const [i, name] of names.entries()) {
    assert.equal(judge(i, '/a').policy, 'shop/a')
    assert.equal(judge(i, '/b').policy, 'shop/b')
    assert.equal(judge(i, `/${name}`).policy, `shop/${name}`)
    assert.equal(judge(i, `/own-${i + 1}`).verdict, 'allow')
  }
  const denies = names.map((_, i) => at(snapshot, `10.97.0.${i + 1}:80`).authorization?.requests.deny)
  const shared = denies.map((deny) => (deny?.kind === 'parts' ? deny.parts[0] : undefined))
  assert.ok(shared[0] !== undefined && shared.every((part) => part === shared[0]))
})
