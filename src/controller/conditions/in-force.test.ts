import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Condition } from '../../model/condition.ts'
import { conditionsInForce } from './in-force.ts'

const condition = (name: string, type: 'Accepted' | 'Programmed', status: 'True' | 'False' = 'True'): Condition => ({
  object: { kind: 'LocalRateLimit', namespace: 'shop', name },
  type,
  status,
  reason: type,
  message: 'it is in force',
})
const say = (gateway: string, isServed: boolean, ...conditions: readonly Condition[]) => ({
  gateway,
  isServed,
  conditions,
})
const told = (all: readonly Condition[]): readonly string[] =>
  all.map(({ object, type, status, reason }) => `${object.name} ${type} ${status} ${reason}`)

const cases: readonly (readonly [
  name: string,
  all: Parameters<typeof conditionsInForce>[0],
  wanted: readonly string[],
])[] = [
  [
    'with a replica all is as it is said',
    [say('shop/a', true, condition('l', 'Accepted'), condition('l', 'Programmed'))],
    ['l Accepted True Accepted', 'l Programmed True Programmed'],
  ],
  [
    'without one it is accepted, and not in force',
    [say('shop/a', false, condition('l', 'Accepted'), condition('l', 'Programmed'))],
    ['l Accepted True Accepted', 'l Programmed False NoResources'],
  ],
  [
    'what another Gateway carries out is in force',
    [say('shop/a', false, condition('l', 'Programmed')), say('web/b', true, condition('l', 'Programmed'))],
    ['l Programmed True Programmed'],
  ],
  [
    'what is wrong with it is said, with a replica or without',
    [say('shop/a', false, condition('l', 'Programmed', 'False'))],
    ['l Programmed False Programmed'],
  ],
]
for (const [name, all, wanted] of cases) test(name, () => assert.deepEqual(told(conditionsInForce(all)), wanted))

test('it is told which Gateway has none', () => {
  const [one] = conditionsInForce([say('shop/a', false, condition('l', 'Programmed'))])
  assert.equal(one?.message, 'no replica of Gateway shop/a is ready to carry it out')
})
