import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Issue } from '../../lib/decoded.ts'
import { decodeParentRefs } from './parent-ref.ts'

const service = (more: Readonly<Record<string, unknown>> = {}) => ({ group: '', kind: 'Service', name: 'api', ...more })

const cases: readonly (readonly [name: string, refs: readonly unknown[], issues: readonly string[]])[] = [
  ['parents of different names', [service(), service({ name: 'web' })], []],
  ['parents of different namespaces', [service(), service({ namespace: 'far' })], []],
  ['parents of different kinds', [{ name: 'api' }, service()], []],
  ['ports of one parent', [service({ port: 80 }), service({ port: 81 })], []],
  ['sections of one parent', [service({ sectionName: 'a' }), service({ sectionName: 'b' })], []],
  ['sections of one port', [service({ port: 80, sectionName: 'a' }), service({ port: 80, sectionName: 'b' })], []],
  ['the same twice', [service(), service()], ['spec.parentRefs[1]: means the same as spec.parentRefs[0]']],
  [
    'the same in other words',
    [service({ port: 80 }), service({ group: 'core', namespace: 'shop', port: 80 })],
    ['spec.parentRefs[1]: means the same as spec.parentRefs[0]'],
  ],
  [
    'a parent and a port of it',
    [service(), service({ port: 80 })],
    ['spec.parentRefs[1]: differs from spec.parentRefs[0] in having a port or not'],
  ],
  [
    'a port and a section',
    [service({ port: 80 }), service({ name: 'web' }), service({ sectionName: 'a' })],
    ['spec.parentRefs[2]: differs from spec.parentRefs[0] in having a sectionName or not'],
  ],
]
for (const [name, refs, wanted] of cases) {
  test(name, () => {
    const issues: Issue[] = []
    // However wrong together, each counts: what they attach to is to be closed.
    assert.equal(decodeParentRefs(refs, 'shop', issues).length, refs.length)
    assert.deepEqual(
      issues.map(({ path, message }) => `${path}: ${message}`),
      wanted,
    )
  })
}
