import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { turn } from '../../../test/support/turns.ts'
import { failed } from '../../kube/failure.ts'
import { createLogger } from '../../lib/log.ts'
import { startClusterWatch } from './cluster-watch.ts'
import { followedKinds } from './kinds.ts'

describe('kinds that are followed', () => {
  it('are let go when their definition is, and taken up in the version that comes back', async () => {
    const clock = createFakeClock()
    let version: string | undefined = 'v1beta1'
    const watch = startClusterWatch({
      client: {
        served: async (group) => ({
          ok: true,
          value: followedKinds().flatMap(({ kind, group: of, versions }) => {
            const served = kind === 'HTTPRoute' ? version : versions[0]
            if (of !== group || served === undefined) return []
            return [{ resource: { group, kind, plural: kind, version: served, isNamespaced: true }, hasStatus: true }]
          }),
        }),
        list: async ({ kind, version: asked }) =>
          kind === 'HTTPRoute' && asked !== version
            ? failed({ asked: kind, status: 404, reason: 'NotFound', message: 'no such page' })
            : { ok: true, value: { resourceVersion: '1' } },
        watch: ({ kind }) =>
          kind === 'HTTPRoute' && version !== 'v1'
            ? Promise.resolve(failed({ asked: kind, status: 404, reason: 'NotFound', message: 'no such page' }))
            : new Promise(() => {}),
      },
      clock,
      log: createLogger({ write: () => {}, level: 'off', clock }),
      onChange: () => {},
    })
    const settle = async (): Promise<void> => {
      for (let i = 0; i < 70; i++) {
        for (let j = 0; j < 5; j++) await turn()
        clock.advance(500)
      }
    }
    for (let i = 0; i < 30; i++) await turn()
    assert.equal(watch.view()?.resourceOf('HTTPRoute')?.version, 'v1beta1')
    version = undefined
    await settle()
    assert.ok(watch.view() !== undefined, 'the others are there')
    assert.equal(watch.view()?.resourceOf('HTTPRoute'), undefined)
    version = 'v1'
    await settle()
    assert.equal(watch.view()?.resourceOf('HTTPRoute')?.version, 'v1')
    assert.deepEqual(watch.troubles(), [])
    watch.close()
  })
})
