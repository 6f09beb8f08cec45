import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeClock } from '../../../../test/support/fake-clock.ts'
import type { KubeJson } from '../../../kube/client.ts'
import { failed, type KubeResult } from '../../../kube/failure.ts'
import { kubeResources } from '../../../kube/resources.ts'
import { APPLIED_HASH, type Manifest } from '../../manifest.ts'
import type { Action } from '../../reconcile/reconcile.ts'
import { createActionRunner } from './action-runner.ts'

const apply = (why: 'changed' | 'drift', hash: string): Action => {
  const metadata = { name: 'w', namespace: 'shop', annotations: { [APPLIED_HASH]: hash } }
  const manifest: Manifest = { apiVersion: 'v1', kind: 'Service', metadata }
  return { kind: 'apply', manifest, why }
}

const start = (answer: (object: KubeJson) => KubeResult<KubeJson>) => {
  const clock = createFakeClock()
  let applies = 0
  const never = (): never => assert.fail('nobody asks for that')
  const runner = createActionRunner({
    clock,
    signal: new AbortController().signal,
    onWrite: () => {},
    client: {
      get: never,
      delete: never,
      apply: async (_, object) => {
        applies++
        return answer(object)
      },
    },
  })
  const run = (action: Action) => runner.run(action, () => kubeResources.Service)
  return { clock, runner, run, applies: () => applies }
}

const works = (object: KubeJson): KubeResult<KubeJson> => ({ ok: true, value: object })

describe('what is applied', () => {
  for (const why of ['drift', 'changed'] as const) {
    it(`and undone each time (${why}) is applied again less and less often`, async () => {
      const { clock, run, applies } = start(works)
      const counts: number[] = []
      for (let seconds = 0; seconds < 600; seconds++) {
        for (let i = 0; i < 10; i++) {
          assert.equal(await run(apply(why, 'h1')), undefined)
          clock.advance(100)
        }
        if ([0, 9, 99, 599].includes(seconds)) counts.push(applies())
      }
      assert.deepEqual(counts, [1, 3, 6, 8])
    })
  }

  it('is applied at once when something else is wanted, and comes to it in time', async () => {
    const { runner, run, applies } = start(works)
    await run(apply('drift', 'h1'))
    await run(apply('changed', 'h2'))
    assert.deepEqual([applies(), runner.nextMs()], [2, 3000])
  })

  it('in vain is tried again later, and what was wrong is known until then', async () => {
    const { clock, run, applies } = start(() => failed({ asked: 'x', status: 422, reason: 'Invalid', message: 'no' }))
    const first = await run(apply('changed', 'h1'))
    assert.equal(first?.reason, 'Invalid')
    assert.deepEqual([await run(apply('changed', 'h1')), applies()], [first, 1])
    clock.advance(1000)
    await run(apply('changed', 'h1'))
    assert.equal(applies(), 2)
  })
})
