import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openInner } from '../../../test/support/mesh/inner-client.ts'
import { Mesh, VIP, until } from '../../../test/support/mesh/mesh.ts'
import { createReply } from '../../filter/reply.ts'
import { ignoreStream } from '../../http/h2/stream.ts'
import { anything } from '../../lib/schema.ts'

const REQUESTS = 500

test('heads that are large, though a few bytes in HPACK, are worked on over as many turns as they take', async () => {
  let begun = 0
  let most = 0
  let seen = 0
  const onRequest = () => {
    begun++
    if (begun === seen + 1) {
      setImmediate(() => {
        most = Math.max(most, begun - seen)
        seen = begun
      })
    }
    return createReply(200)
  }
  const mesh = await Mesh.start({
    protocol: 'http2',
    filters: [{ kind: 'Count', stage: 'shape', config: anything(), create: () => ({ onRequest }) }],
    rule: { filters: [{ kind: 'Count', config: {}, origin: 'test' }] },
  })
  const client = await openInner(await mesh.dial(), VIP)
  await until(() => client.h2.hasSettings)
  const large = Array.from({ length: 100 }, () => ['x-large', 'v'.repeat(200)]).flat()
  const head = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'api', ...large]
  for (let i = 0; i < REQUESTS; i++) client.h2.open(head, ignoreStream, true)
  await until(() => mesh.records.length === REQUESTS && seen === REQUESTS)
  assert.ok(most <= 64, `${most} requests of 20 KB were begun in one turn`)
  await mesh.close()
})
