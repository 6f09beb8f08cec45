import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choosePolicies, type TlsTarget } from './choose-policies.ts'

const target = (name: string, createdAtMs: number | undefined, sectionName?: string): TlsTarget => ({
  policy: {
    kind: 'BackendTLSPolicy',
    metadata: {
      name,
      namespace: 'shop',
      labels: {},
      annotations: {},
      owners: [],
      ...(createdAtMs === undefined ? {} : { createdAtMs }),
    },
    targetRefs: [],
    defects: [],
  },
  path: 'spec.targetRefs[0]',
  subject: 'Service shop/api',
  sectionName,
  keys: ['shop/api:443'],
})

const cases: readonly (readonly [name: string, first: TlsTarget, second: TlsTarget])[] = [
  ['one for the port comes before an older one for the Service', target('b', 2, 'https'), target('a', 1)],
  ['the older one comes first', target('b', 1), target('a', 2)],
  ['the older one for a port comes first', target('b', 1, 'https'), target('a', 2, 'https')],
  ['one without age comes last', target('b', 1), target('a', undefined)],
  ['of the same age the first by name', target('a', 1), target('b', 1)],
  ['of no age the first by name', target('a', undefined), target('b', undefined)],
]
for (const [name, first, second] of cases) {
  test(`${name}, whatever the order`, () => {
    assert.equal(choosePolicies([first, second]).get('shop/api:443'), first)
    assert.equal(choosePolicies([second, first]).get('shop/api:443'), first)
  })
}
