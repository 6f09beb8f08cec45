import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeConflict } from './apply-conflict.ts'

test('who edited is set right, who applies as well is named', () => {
  const edited = { field: '.spec.replicas', message: 'conflict with "kubectl-edit" using apps/v1' }
  const dated = { field: '.spec.replicas', message: 'conflict with "x" using apps/v1 at 2026-01-01T00:00:00Z' }
  const scaled = { field: '.spec.replicas', message: 'conflict with "hpa" with subresource "scale" using apps/v1' }
  const applied = { field: '.spec.type', message: 'conflict with "argocd-controller"' }
  const handedOver = { field: '.spec.replicas', message: 'conflict with "fairway-controller-handover"' }
  assert.deepEqual(judgeConflict([edited, dated, scaled, handedOver]), { kind: 'drift' })
  assert.deepEqual(judgeConflict([edited, applied]), {
    kind: 'contested',
    message: 'argocd-controller applies spec.type as well: take the object out of what it manages',
  })
})
