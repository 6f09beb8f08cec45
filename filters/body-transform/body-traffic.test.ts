import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Mesh } from '../../test/support/mesh/mesh.ts'
import compression from '../compression/compression.ts'
import bodyTransform from './body-transform.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const fields = (items: number): string =>
  JSON.stringify({ secret: 1, items: Array.from({ length: items }, (_, id) => ({ id, cost: id })) })

test('bodies are changed on both ways, and compressed when that is done, whatever the order of the rule', async () => {
  mesh = await Mesh.start({
    filters: [bodyTransform, compression],
    rule: {
      filters: [
        {
          kind: 'BodyTransform',
          config: {
            request: { set: [{ path: '/by', value: 'me' }], otherTypes: 'Refuse' },
            response: { remove: ['/secret', '/items/*/cost'] },
          },
          origin: 'here',
        },
        { kind: 'Compression', config: {}, origin: 'here' },
      ],
    },
    pods: [
      {
        onRequest: (tunnel, { head, body }) => {
          const text = head.method === 'POST' ? body.toString() : fields(500)
          tunnel.write(
            `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
          )
        },
      },
    ],
  })
  const tunnel = await mesh.tunnel()
  const answer = await tunnel.get('/', 'accept-encoding: gzip\r\n')
  const got: { readonly secret?: number; readonly items: readonly object[] } = JSON.parse(
    gunzipSync(answer.body).toString(),
  )
  assert.deepEqual([got.secret, got.items.length, got.items[499]], [undefined, 500, { id: 499 }])
  const length = (text: string): string => `content-length: ${text.length}\r\n`
  const sent = await tunnel.request(
    'POST',
    '/',
    `content-type: application/json\r\n${length('{"by":"root"}')}`,
    '{"by":"root"}',
  )
  assert.equal(sent.body.toString(), '{"by":"me"}')
  const other = await mesh.tunnel()
  const refused = await other.request('POST', '/', `transfer-encoding: chunked\r\n`, '2\r\n{}\r\n0\r\n\r\n')
  assert.deepEqual([refused.head.status, mesh.records.at(-1)?.details], [415, 'body_transform_other_type'])
  assert.equal(mesh.pod.requests, 2)
})
