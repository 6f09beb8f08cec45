import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WrittenPersistence } from '../../objects/backend-policy/session-persistence.ts'
import { nameSession, type SessionOwner } from './name-session.ts'
import { sessionOwner } from './route-sessions.ts'

const cookie: WrittenPersistence = { type: 'Cookie', lifetimeType: 'Session' }
const header: WrittenPersistence = { type: 'Header', lifetimeType: 'Session' }
const rule = (name: string | undefined, index: number, route = 'HTTPRoute/shop/a'): string =>
  sessionOwner(route, { index, ...(name === undefined ? {} : { name }) })
const one: SessionOwner = { owner: rule('one', 0), sharesName: false }

const cases: readonly (readonly [name: string, written: WrittenPersistence, owner: SessionOwner, wanted: RegExp])[] = [
  ['a cookie without a name', cookie, one, /^fairway-session-[0-9a-f]{10}$/],
  ['a header without a name', header, one, /^x-fairway-session-[0-9a-f]{10}$/],
  ['a cookie with a name', { ...cookie, name: 'basket' }, one, /^basket$/],
  [
    'a cookie whose name others have',
    { ...cookie, name: 'basket' },
    { ...one, sharesName: true },
    /^basket-[0-9a-f]{10}$/,
  ],
  ['a header whose name others have', { ...header, name: 'x-s' }, { ...one, sharesName: true }, /^x-s$/],
]
for (const [what, written, owner, wanted] of cases) {
  test(`the name of ${what}`, () => assert.match(nameSession(written, owner).name, wanted))
}

test('the same on every replica, for ever: browsers keep cookies longer than releases last', () => {
  assert.equal(nameSession(cookie, one).name, 'fairway-session-b7e5c450c3')
})

test('no two rules share one', () => {
  const owners = [
    ...[rule('one', 0), rule('two', 0), rule(undefined, 0), rule(undefined, 1), rule('1', 0)],
    ...[rule('one', 0, 'GRPCRoute/shop/a'), rule('one', 0, 'HTTPRoute/shop/b'), 'Service shop/a:80'],
  ]
  const scopes = owners.map((owner) => nameSession(cookie, { owner, sharesName: false }).scope)
  assert.equal(new Set(scopes).size, owners.length)
  assert.equal(rule('one', 7), rule('one', 0), 'a rule with a name may move')
})
