import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readObject } from './read-object.ts'

const told = (spec: unknown): readonly string[] => {
  const read = readObject({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'api', namespace: 'shop' }, spec })
  assert.equal(read.state, 'typed')
  return read.issues.map(({ path, found }) => `${path}: ${found}`)
}

const CASES: readonly (readonly [spec: unknown, ...issues: string[]])[] = [
  [{ clusterIP: '10.96.1.30' }],
  [{ clusterIP: 'None', clusterIPs: ['None'] }],
  [{ clusterIP: '' }],
  [{ clusterIPs: ['10.96.1.3', 'fd00::1'] }],
  [{ clusterIP: '10.96.1.300' }, 'spec.clusterIP: 10.96.1.300'],
  [{ clusterIP: 'none' }, 'spec.clusterIP: none'],
  [{ clusterIPs: ['10.96.1.3', '10.96.1.0/24'] }, 'spec.clusterIPs[1]: 10.96.1.0/24'],
]

for (const [spec, ...issues] of CASES) {
  test(`addresses of a Service: ${JSON.stringify(spec)}`, () => assert.deepEqual(told(spec), issues))
}
