import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthorizationAction, FieldCondition, PolicyField } from '../../../model/security/authorization.ts'
import { createRuleJudge, type RuleScope } from './judge-rule.ts'

const trustDomains = ['new.td', 'old.td']
const scope: RuleScope = {
  trustDomains,
  written: trustDomains,
  pathNormalization: 'BASE',
  ports: new Set([80]),
  addresses: ['10.96.0.1'],
  issuers: undefined,
  isHttpOnly: false,
  lacksTokens: false,
}

/** A condition as `KIND=VALUES!NOT-VALUES`, each with commas between. */
const condition = (text: string): FieldCondition => {
  const [kind = '', all = ''] = text.split('=')
  const [values, notValues = []] = all.split('!').map((list) => list.split(',').filter((value) => value !== ''))
  const field = (kind.includes('headers') ? { kind, name: 'x-role' } : { kind }) as PolicyField
  return { field, values: values ?? [], notValues, path: 'p' }
}

const judge = (
  { from = [], to = [], when = [] }: { readonly [part in 'from' | 'to' | 'when']?: readonly string[] },
  action: AuthorizationAction = 'DENY',
  over: Partial<RuleScope> = {},
) => {
  const lists = (all: readonly string[]) => all.map((list) => list.split(' ').map(condition))
  const rule = { from: lists(from), to: lists(to), when: when.map(condition) }
  return createRuleJudge(action, { ...scope, ...over })(rule)
}

const lost = (kind: string, values: string, notValues: string, action?: AuthorizationAction) =>
  judge({ when: [`${kind}=${values}!${notValues}`] }, action).notes.length

/** What is excluded beside a value, so that nothing is left of it. */
const EXCLUDED: readonly (readonly [kind: string, value: string, excluding: string])[] = [
  ['request.method', 'GET', 'GET'],
  ['request.method', 'GET', '*'],
  ['request.path', '/a/b', '/a/*'],
  ['request.path', '/a/b*', '/a/*'],
  ['request.path', '*.js', '*s'],
  ['request.path', '/a.js', '*.js'],
  ['request.path', '/{*}/a', '/{*}/a'],
  ['request.host', 'API.shop', 'api.*'],
  ['source.ip', '10.1.0.0/16', '10.0.0.0/8'],
  ['source.ip', '10.1.2.3', '10.1.2.3/32'],
  ['source.ip', 'fd00::1', 'fd00::/8'],
  ['source.namespace', 'a*', 'a*'],
  ['destination.port', '80', '80'],
  ['source.principal', 'old.td/ns/a/sa/b', 'new.td/ns/a/sa/b'],
  ['source.principal', 'cluster.local/ns/a/sa/b', 'old.td/ns/a/sa/b'],
  ['source.trustDomain', 'old.td', 'new.td'],
  ['request.experimental.inline.headers', 'a', 'a'],
]

for (const [kind, value, excluding] of EXCLUDED) {
  test(`${excluding} leaves nothing of ${kind} ${value}`, () => assert.equal(lost(kind, value, excluding), 1))
}

/** The same, where something is left. */
const LEFT: readonly (readonly [kind: string, value: string, excluding: string])[] = [
  ['request.method', '*', 'GET'],
  ['request.path', '/a/*', '/a/b'],
  ['request.path', '/a/*', '/a/b*'],
  ['request.path', '*.js', '/*'],
  ['request.path', '/a*', '*a'],
  ['request.path', '/{*}', '/a'],
  ['source.ip', '10.0.0.0/8', '10.1.0.0/16'],
  ['source.ip', '10.0.0.1', '::/0'],
  // Without all its parts a principal is not written out for aliases.
  ['source.principal', 'old.td/ns/a/sa/b', 'old.td/*'],
]

for (const [kind, value, excluding] of LEFT) {
  test(`${excluding} leaves something of ${kind} ${value}`, () => assert.equal(lost(kind, value, excluding), 0))
}

test('a header may stand there twice, so that a refusal still finds what is excluded beside it', () => {
  assert.equal(lost('request.headers', 'a', 'a', 'DENY'), 0)
  assert.equal(lost('request.headers', 'a', 'a', 'ALLOW'), 1)
})

const LACKS: readonly (readonly [
  what: string,
  rule: Parameters<typeof judge>[0],
  lack: 'all' | 'requests' | undefined,
])[] = [
  ['everything', {}, undefined],
  ['one value of two', { to: ['request.method=get,GET'] }, undefined],
  ['one operation of two', { to: ['request.method=get', 'request.method=GET'] }, undefined],
  ['no operation', { to: ['request.method=get', 'request.path=/..'] }, 'requests'],
  ['an operation by half', { to: ['request.method=GET request.path=/..'] }, 'requests'],
  ['all but what never is', { to: ['request.method=!get'] }, undefined],
  ['no source', { from: ['source.principal=x.td/ns/a/sa/b'] }, 'all'],
  ['a port that is not there', { to: ['destination.port=81 request.method=GET'] }, 'all'],
  ['ports that are not there, or methods', { to: ['destination.port=81', 'request.method=get'] }, 'requests'],
  ['what is excluded', { when: ['source.namespace=a!a'] }, 'all'],
]

for (const [what, rule, lack] of LACKS) {
  test(`a rule that asks for ${what} lacks ${lack ?? 'nothing'}`, () => assert.equal(judge(rule).lack, lack))
}

test('a server name is of connections', () => {
  const rule = { when: ['connection.sni=a'] }
  assert.deepEqual(judge(rule), { lack: undefined, notes: [] })
  const { lack, notes } = judge(rule, 'DENY', { isHttpOnly: true })
  assert.deepEqual(
    [lack, notes],
    ['requests', ['p: requests have no server name, and all ports are declared to be HTTP']],
  )
  assert.equal(judge({ when: ['connection.sni=!a'] }, 'DENY', { isHttpOnly: true }).lack, undefined)
  // To a connection a rule that refuses is what is left of it.
  const both = { to: ['request.method=GET'], when: ['connection.sni=a'] }
  assert.equal(judge(both, 'DENY').lack, undefined)
  assert.equal(judge(both, 'ALLOW').lack, 'all')
})

/** Values, and whether an asterisk of theirs is taken for itself where somebody may mean more. */
const ASTERISKS: readonly (readonly [kind: string, value: string, isTold: boolean])[] = [
  ['request.host', '*.shop:*', true],
  ['request.host', 'api.*:80', true],
  ['request.host', 'api.shop:*', false],
  ['request.headers', '*b*', true],
  ['request.path', '*/admin/*', true],
  ['request.path', '**', true],
  ['request.path', '/a/{**}', false],
  ['request.path', '*', false],
  ['source.namespace', '*a*', false],
  ['connection.sni', '*.db*', true],
]

for (const [kind, value, isTold] of ASTERISKS) {
  test(`${kind} ${value} is ${isTold ? '' : 'not '}told of for its asterisks`, () => {
    const { notes } = judge({ when: [`${kind}=${value}`] })
    assert.deepEqual(notes, isTold ? [`p: "${value}" never fits, since * stands for something at one end only`] : [])
    assert.deepEqual(judge({ when: [`${kind}=!${value}`] }).notes, notes)
  })
}

test('nobody is without an identity', () => {
  for (const kind of ['source.principal', 'source.namespace', 'source.trustDomain']) {
    const rule = { from: [`${kind}=!x.td,*`] }
    assert.ok(judge(rule, 'ALLOW').notes.includes('p: "*" leaves nobody, since nobody gets in who has no identity'))
    assert.equal(judge(rule, 'ALLOW').lack, 'all')
    assert.equal(judge(rule, 'DENY').lack, undefined, 'whom it means is kept out')
  }
  assert.deepEqual(judge({ from: ['request.auth.principal=!*'] }, 'ALLOW'), { lack: undefined, notes: [] })
})

test('a rule for an address that no target has matches nothing', () => {
  assert.deepEqual(judge({ when: ['destination.ip=10.96.0.0/24'] }), { lack: undefined, notes: [] })
  assert.equal(judge({ when: ['destination.ip=10.2.0.1'] }).lack, 'all')
  assert.equal(judge({ when: ['destination.ip=!10.2.0.1'] }).lack, undefined)
})

test('where nobody verifies tokens no request has one', () => {
  const rule = { from: ['request.auth.principal=*'] }
  assert.equal(judge(rule).lack, undefined)
  assert.equal(judge(rule, 'DENY', { lacksTokens: true }).lack, 'requests')
  assert.equal(judge({ from: ['request.auth.principal=!*'] }, 'DENY', { lacksTokens: true }).lack, undefined)
})
