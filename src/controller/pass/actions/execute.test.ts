import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ApplyOptions, KubeClient, KubeJson } from '../../../kube/client.ts'
import { failed, type KubeFailure, type KubeResult } from '../../../kube/failure.ts'
import { kubeResources } from '../../../kube/resources.ts'
import { APPLIED_HASH, type Manifest } from '../../manifest.ts'
import type { Action, Applied } from '../../reconcile/reconcile.ts'
import { execute, type Write } from './execute.ts'

const manifestOf = (kind: string): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'waypoint', namespace: 'shop', annotations: { [APPLIED_HASH]: 'h' } },
})

const refuse = (status: number, reason: string, more: Partial<KubeFailure> = {}): KubeResult<never> =>
  failed({ asked: 'it', status, reason, message: 'why', ...more })
const conflictOf = (message: string): KubeResult<never> =>
  refuse(409, 'Conflict', { causes: [{ reason: 'FieldManagerConflict', field: '.spec.type', message }] })
const notFound = refuse(404, 'NotFound')
const written: KubeResult<KubeJson> = { ok: true, value: { metadata: { name: 'waypoint', resourceVersion: '8' } } }
const byUs = { managedFields: [{ manager: 'fairway-controller', operation: 'Apply' }] }
const objectBy = (metadata: object): KubeResult<KubeJson> => ({
  ok: true,
  value: { metadata: { name: 'waypoint', ...metadata } },
})

interface Answers {
  readonly get?: KubeResult<KubeJson>
  /** In turn. */
  readonly apply?: readonly KubeResult<KubeJson>[]
  readonly delete?: KubeResult<unknown>
}

const run = async (action: Action, answers: Answers) => {
  const asked: string[] = []
  const applies = [...(answers.apply ?? [])]
  const client: Pick<KubeClient, 'get' | 'apply' | 'delete'> = {
    get: async () => {
      asked.push('get')
      return answers.get ?? notFound
    },
    apply: async (_resource, _object, { force }: ApplyOptions) => {
      asked.push(force === true ? 'apply by force' : 'apply')
      return applies.shift() ?? written
    },
    delete: async (_resource, _object, options) => {
      asked.push(`delete ${options?.uid} of version ${options?.resourceVersion}`)
      return answers.delete ?? { ok: true, value: undefined }
    },
  }
  const applied = new Map<string, Applied>()
  const writes: Write[] = []
  const refusal = await execute(action, {
    client,
    applied,
    resourceOf: (kind) => (kind === 'ServiceAccount' ? kubeResources.ServiceAccount : kubeResources.Service),
    signal: new AbortController().signal,
    onWrite: (write) => void writes.push(write),
  })
  return { asked, refusal, applied, writes }
}

const apply = (why: 'missing' | 'changed' | 'drift', kind = 'Service'): Action => ({
  kind: 'apply',
  manifest: manifestOf(kind),
  why,
})

const cases: readonly {
  readonly what: string
  readonly action: Action
  readonly answers: Answers
  readonly asked: readonly string[]
  readonly refusal?: RegExp
}[] = [
  { what: 'what is missing is made', action: apply('missing'), answers: {}, asked: ['get', 'apply'] },
  {
    what: 'what lost the label by which it is found is ours all the same',
    action: apply('missing'),
    answers: { get: objectBy(byUs) },
    asked: ['get', 'apply'],
  },
  {
    what: 'what is somebody else’s is left alone',
    action: apply('missing'),
    answers: { get: objectBy({}) },
    asked: ['get'],
    refusal: /Invalid: Service shop\/waypoint is there already, and not the waypoint's/,
  },
  {
    what: 'an account may be somebody else’s',
    action: apply('missing', 'ServiceAccount'),
    answers: { get: objectBy({}) },
    asked: ['get'],
  },
  {
    what: 'nothing is made where it is not known what is there',
    action: apply('missing'),
    answers: { get: refuse(503, 'ServiceUnavailable') },
    asked: ['get'],
    refusal: /Pending: Service shop\/waypoint: .*503/,
  },
  {
    what: 'what was edited is put back',
    action: apply('drift'),
    answers: { apply: [conflictOf('conflict with "kubectl-edit" using v1')] },
    asked: ['apply', 'apply by force'],
  },
  {
    what: 'nobody is forced twice',
    action: apply('drift'),
    answers: {
      apply: [conflictOf('conflict with "a" using v1'), conflictOf('conflict with "b" using v1')],
    },
    asked: ['apply', 'apply by force'],
    refusal: /Invalid: Service shop\/waypoint: .*409/,
  },
  {
    what: 'who applies it as well is named, and not fought',
    action: apply('changed'),
    answers: { apply: [conflictOf('conflict with "argocd-controller"')] },
    asked: ['apply'],
    refusal: /Invalid: Service shop\/waypoint: argocd-controller applies spec\.type as well/,
  },
  {
    what: 'what the API server will not have is told',
    action: apply('changed'),
    answers: { apply: [refuse(422, 'Invalid', { message: 'spec.type: Unsupported value' })] },
    asked: ['apply'],
    refusal: /Invalid: Service shop\/waypoint: .*422 Invalid: spec\.type: Unsupported value/,
  },
  {
    what: 'what it cannot do now may come later',
    action: apply('changed'),
    answers: { apply: [refuse(429, 'TooManyRequests')] },
    asked: ['apply'],
    refusal: /^Pending:/,
  },
]

const doomed: Action = {
  kind: 'delete',
  object: { kind: 'Service', namespace: 'shop', name: 'waypoint', uid: 'u', resourceVersion: '7' },
}

describe('carrying out', () => {
  for (const { what, action, answers, asked, refusal } of cases) {
    it(what, async () => {
      const done = await run(action, answers)
      assert.deepEqual(done.asked, asked)
      if (refusal === undefined) assert.equal(done.refusal, undefined)
      else assert.match(`${done.refusal?.reason}: ${done.refusal?.message}`, refusal)
    })
  }

  it('remembers what was applied, in which version', async () => {
    const { applied, writes } = await run(apply('missing'), {})
    assert.deepEqual([...applied], [['Service/shop/waypoint', { hash: 'h', resourceVersion: '8' }]])
    assert.deepEqual(writes, [{ kind: 'Service', name: 'shop/waypoint', verb: 'apply' }])
  })

  it('deletes this very object, and what is gone or another by now is done', async () => {
    for (const answer of [undefined, notFound, refuse(409, 'Conflict')]) {
      const { asked, refusal } = await run(doomed, answer === undefined ? {} : { delete: answer })
      assert.deepEqual([asked, refusal], [['delete u of version 7'], undefined])
    }
    assert.equal((await run(doomed, { delete: refuse(403, 'Forbidden') })).refusal?.reason, 'Invalid')
  })
})
