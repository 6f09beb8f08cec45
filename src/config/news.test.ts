import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Condition } from '../model/condition.ts'
import { modelOf } from '../../test/support/models.ts'
import { newsOf } from './news.ts'
import type { ConfigUpdate } from './update.ts'

const NOW = Date.parse('2026-05-04T12:00:00Z')

const route = { kind: 'HTTPRoute', namespace: 'shop', name: 'api' }
const fault = {
  message: 'wrong value',
  path: 'spec.rules',
  found: '5',
  expected: 'an array',
  object: 'HTTPRoute shop/api',
}
const faultText = 'spec.rules: wrong value: found 5, expected an array'

const condition = (message: string, changes: Partial<Condition> = {}): Condition => ({
  object: route,
  parent: 'Service shop/api',
  type: 'Accepted',
  status: 'False',
  reason: 'UnsupportedValue',
  message,
  ...changes,
})

const update = (changes: Partial<ConfigUpdate>): ConfigUpdate => ({
  generation: 1,
  model: modelOf([]),
  conditions: [],
  issues: [],
  objectIssues: [],
  notes: [],
  objects: 1,
  ...changes,
})

const messages = (now: Partial<ConfigUpdate>, before?: Partial<ConfigUpdate>): readonly string[] =>
  newsOf(update(now), before === undefined ? undefined : update(before), NOW).map(({ message }) => message)

it('a wrong field is told once, although it is an issue and a condition', () => {
  const now = { objectIssues: [fault], conditions: [condition(faultText)] }
  assert.deepEqual(messages(now), [`HTTPRoute shop/api ${faultText}`])
})

it('of a condition that says more the rest stays', () => {
  const now = { objectIssues: [fault], conditions: [condition(`Dropped Rule: 1 of 1 rules: ${faultText}; 2 more`)] }
  assert.deepEqual(messages(now), [`HTTPRoute shop/api ${faultText}`, 'HTTPRoute shop/api: Dropped Rule: 1 of 1 rules'])
})

it('a condition by itself is told, with its object, and a good one is not', () => {
  const now = { conditions: [condition('no such Service'), condition('fine', { status: 'True' })] }
  assert.deepEqual(newsOf(update(now), undefined, NOW), [
    {
      level: 'warn',
      message: 'HTTPRoute shop/api: no such Service',
      fields: {
        condition: {
          object: route,
          parent: 'Service shop/api',
          type: 'Accepted',
          status: 'False',
          reason: 'UnsupportedValue',
        },
      },
    },
  ])
})

it('what is True and bad all the same is told: a policy that lost, a rule that was dropped', () => {
  const conflict = condition('an older policy has the target', { type: 'Conflicted', status: 'True' })
  const dropped = condition('Dropped Rule: rule 1 never matches', { type: 'PartiallyInvalid', status: 'True' })
  assert.deepEqual(messages({ conditions: [conflict, dropped] }), [
    'HTTPRoute shop/api: an older policy has the target',
    'HTTPRoute shop/api: Dropped Rule: rule 1 never matches',
  ])
})

it('the same fault of another object is not taken for its own', () => {
  const now = { objectIssues: [{ ...fault, object: 'HTTPRoute shop/other' }], conditions: [condition(faultText)] }
  assert.deepEqual(messages(now), [`HTTPRoute shop/other ${faultText}`, `HTTPRoute shop/api: ${faultText}`])
})

it('what was told before is not told again, but a file that cannot be read is', () => {
  const same = { objectIssues: [fault], conditions: [condition('no such Service')], issues: [{ message: 'bad file' }] }
  assert.deepEqual(messages(same, same), ['bad file'])
})

it('a word about the MeshConfig is said once', () => {
  const note = 'of no effect on a waypoint in mesh.yaml: ingressClass'
  const info = { level: 'info', message: note, fields: { event: 'mesh-config' } }
  assert.deepEqual(newsOf(update({ notes: [note] }), undefined, NOW), [info])
  assert.deepEqual(newsOf(update({ notes: [note] }), update({ notes: [note] }), NOW), [])
})

it('what has come to its end is told when it comes in like that', () => {
  const inForce = { type: 'Programmed', status: 'True', reason: 'Programmed' } as const
  const { parent: _none, ...ended } = condition('it is in force', { ...inForce, endsAtMs: NOW })
  assert.match(messages({ conditions: [ended] }).join(), /^HTTPRoute shop\/api: it does nothing since 2026-05-04T12/)
  assert.deepEqual(messages({ conditions: [{ ...ended, endsAtMs: NOW + 1 }] }), [])
})

it('that there is no Gateway is told when it begins, and only then', () => {
  const none = { model: { ...modelOf([]), gateway: undefined }, objects: 0 }
  const text = /^there is no Gateway of this waypoint among the objects: /
  assert.match(messages(none)[0] ?? '', text)
  assert.match(messages(none, {})[0] ?? '', text)
  assert.deepEqual(messages(none, none), [])
  assert.deepEqual(messages({}, none), [])
})
