import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Issue } from '../../../lib/decoded.ts'
import { decodeApp } from './app-object.ts'

const metadata = { namespace: 'shop', name: 'a', labels: {}, annotations: {}, owners: [] }

const decode = (spec: unknown) => {
  const warnings: Issue[] = []
  const decoded = decodeApp({ body: { spec }, metadata, warnings })
  assert.ok(decoded.ok)
  return { ...decoded.value, warnings: warnings.map(({ path }) => path) }
}

it('an App has time as a backend has, and what its module is told is its spec without what is about its code', () => {
  const { as, content, failureMode, warnings } = decode({ module: 'a.ts', config: { x: 1 }, prefix: '/api' })
  assert.deepEqual([as, failureMode, warnings], ['App', 'closed', []])
  assert.deepEqual(content, {
    ...{ kind: 'user', isApp: true, module: 'a.ts' },
    config: { config: { x: 1 }, prefix: '/api', limits: { body: 1024 * 1024 } },
    settings: { hookMs: 50, waitMs: 15_000, isolation: 'none' },
  })
})

it('an App that cannot be read has nothing to carry out, and says at once what it is for and how it fails', () => {
  const targetRefs = [{ group: '', kind: 'Service', name: 'api' }]
  const found = decode({ module: 'a.ts', prefix: 'api', isolation: 'Thread', failureMode: 'Open', targetRefs })
  assert.equal(found.content, undefined)
  assert.deepEqual([found.failureMode, found.targetRefs.length], ['open', 1])
  assert.deepEqual(new Set(found.warnings), new Set(['spec.isolation', 'spec.prefix']))
})
