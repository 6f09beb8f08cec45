import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { turn } from '../../../test/support/turns.ts'
import { failed } from '../../kube/failure.ts'
import { startConfigMapWatch } from './config-map-watch.ts'

describe('ConfigMaps that are followed', () => {
  it('are asked for by names that there can be; of others it is known that there are none', async () => {
    const asked: string[] = []
    const watch = startConfigMapWatch({
      client: {
        list: async (_, { namespace, fields }) => {
          asked.push(`${namespace} ${fields ?? ''}`)
          return { ok: true, value: { resourceVersion: '1' } }
        },
        watch: () => new Promise(() => {}),
      },
      clock: createFakeClock(),
      systemNamespace: 'fairway-system',
      onChange: () => {},
    })
    const odd = ['shop/a=b', 'shop/a,b', 'shop/a/b', 'shop/']
    watch.want(new Set(['shop/sizes', ...odd]))
    await turn()
    assert.deepEqual(asked, ['fairway-system ', 'shop metadata.name=sizes'])
    assert.deepEqual(['shop/sizes', ...odd].map(watch.isKnown), [true, true, true, true, true])
    assert.equal(watch.isKnown('shop/other'), false)
    watch.close()
  })

  it('are not known as long as they cannot be read', async () => {
    const watch = startConfigMapWatch({
      client: {
        list: async () => failed({ asked: 'x', status: 403, reason: 'Forbidden', message: '' }),
        watch: () => new Promise(() => {}),
      },
      clock: createFakeClock(),
      systemNamespace: 'fairway-system',
      onChange: () => {},
    })
    watch.want(new Set(['shop/sizes']))
    await turn()
    assert.equal(watch.isKnown('shop/sizes'), false)
    watch.close()
  })
})
