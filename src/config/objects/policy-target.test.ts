import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Issue } from '../../lib/decoded.ts'
import { decodePolicyTarget } from './policy-target.ts'

const refTo = (name: string, parts: object = {}) => ({ group: '', kind: 'Service', name, ...parts })

const decode = (spec: unknown) => {
  const defects: Issue[] = []
  const target = decodePolicyTarget(spec, ['rules'], defects)
  return { target, defects: defects.map(({ path, found }) => `${path}: ${found}`) }
}

const GOOD: readonly (readonly [name: string, spec: Readonly<Record<string, unknown>>, target: unknown])[] = [
  ['nothing', {}, { kind: 'none' }],
  ['no references', { targetRefs: [] }, { kind: 'none' }],
  ['null', { targetRef: null, targetRefs: null, selector: null }, { kind: 'none' }],
  ['a selector', { selector: { matchLabels: { app: 'a' } } }, { kind: 'selector' }],
  ['a selector of everything', { selector: {} }, { kind: 'selector' }],
  ['one reference', { targetRef: refTo('a') }, { kind: 'refs', refs: [{ ...refTo('a'), path: 'spec.targetRef' }] }],
  [
    'several, one with a namespace, and the core group by its name',
    { targetRefs: [refTo('a', { group: 'core' }), refTo('b', { namespace: 'shop' })] },
    {
      kind: 'refs',
      refs: [
        { ...refTo('a'), path: 'spec.targetRefs[0]' },
        { ...refTo('b', { namespace: 'shop' }), path: 'spec.targetRefs[1]' },
      ],
    },
  ],
]

for (const [name, spec, target] of GOOD) {
  test(`the target of a policy: ${name}`, () => assert.deepEqual(decode(spec), { target, defects: [] }))
}

const BAD: readonly (readonly [name: string, spec: unknown, kind: string, defects: readonly string[]])[] = [
  ['a slip of the pen', { targetrefs: [refTo('a')] }, 'unreadable', ['spec.targetrefs: targetrefs']],
  ['no object', [], 'unreadable', ['spec: []']],
  ['no list', { targetRefs: 'all' }, 'unreadable', ['spec.targetRefs: all']],
  ['no name', { targetRefs: [{ kind: 'Service' }] }, 'unreadable', ['spec.targetRefs[0].name: nothing']],
  ['one of two', { targetRefs: [refTo('a'), 7] }, 'unreadable', ['spec.targetRefs[1]: 7']],
  ['another field', { targetRefs: [refTo('a', { port: 80 })] }, 'refs', ['spec.targetRefs[0].port: port']],
  ['a section', { targetRef: refTo('a', { sectionName: 'x' }) }, 'refs', ['spec.targetRef.sectionName: sectionName']],
  ['an unknown kind', { targetRef: refTo('a', { kind: 'Servce' }) }, 'refs', ['spec.targetRef: Servce']],
  [
    'both forms',
    { targetRef: refTo('a'), targetRefs: [refTo('b')] },
    'refs',
    ['spec.targetRefs: targetRef, targetRefs'],
  ],
  [
    'a selector too',
    { targetRef: refTo('a'), selector: { matchLabels: { a: 'b' } } },
    'refs',
    ['spec.selector: targetRef, selector'],
  ],
  [
    'expressions',
    { selector: { matchExpressions: [] } },
    'selector',
    ['spec.selector.matchExpressions: matchExpressions'],
  ],
  [
    'too many',
    { targetRefs: Array.from({ length: 17 }, (_, i) => refTo(`s${i}`)) },
    'refs',
    ['spec.targetRefs: 17 items'],
  ],
]

for (const [name, spec, kind, defects] of BAD) {
  test(`a target that is not right is a defect, and still closes what it may mean: ${name}`, () => {
    const found = decode(spec)
    assert.equal(found.target.kind, kind)
    assert.deepEqual(found.defects, defects)
  })
}
