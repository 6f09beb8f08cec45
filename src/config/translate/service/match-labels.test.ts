import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { LabelSelector } from '../../objects/kind.ts'
import { matchLabels } from './match-labels.ts'

const labels = { app: 'api', tier: 'web' }
type Operator = LabelSelector['matchExpressions'][number]['operator']
const expression = (key: string, operator: Operator, ...values: readonly string[]): LabelSelector => ({
  matchLabels: {},
  matchExpressions: [{ key, operator, values }],
})
const cases: readonly (readonly [selector: LabelSelector, fits: boolean])[] = [
  [{ matchLabels: {}, matchExpressions: [] }, true],
  [{ matchLabels: { app: 'api' }, matchExpressions: [] }, true],
  [{ matchLabels: { app: 'api', tier: 'db' }, matchExpressions: [] }, false],
  [{ matchLabels: { toString: 'x' }, matchExpressions: [] }, false],
  [expression('app', 'In', 'a', 'api'), true],
  [expression('app', 'In'), false],
  [expression('none', 'In', 'x'), false],
  [expression('app', 'NotIn', 'api'), false],
  [expression('none', 'NotIn', 'api'), true],
  [expression('tier', 'Exists'), true],
  [expression('none', 'Exists'), false],
  [expression('constructor', 'Exists'), false],
  [expression('none', 'DoesNotExist'), true],
  [expression('app', 'DoesNotExist'), false],
]
for (const [selector, fits] of cases) {
  it(`${JSON.stringify(selector)} ${fits ? 'takes' : 'refuses'} ${JSON.stringify(labels)}`, () => {
    assert.equal(matchLabels(selector, labels), fits)
  })
}
