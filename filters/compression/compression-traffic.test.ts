import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Mesh } from '../../test/support/mesh/mesh.ts'
import compression from './compression.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const body = 'what is sent, '.repeat(20_000)
const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\netag: "v1"\r\n'
const start = async (): Promise<void> => {
  mesh = await Mesh.start({
    filters: [compression],
    rule: { filters: [{ kind: 'Compression', config: {}, origin: 'here' }] },
    pods: [
      {
        onRequest: (tunnel, { head: { method, target } }) => {
          if (method === 'HEAD') return tunnel.write(`${head}content-length: ${body.length}\r\n\r\n`)
          if (target === '/whole') return tunnel.write(`${head}content-length: ${body.length}\r\n\r\n${body}`)
          const half = body.length / 2
          const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`
          return tunnel.write(
            `${head}transfer-encoding: chunked\r\n\r\n${chunk(body.slice(0, half))}${chunk(body.slice(half))}0\r\n\r\n`,
          )
        },
      },
    ],
  })
}

test('bodies of both forms arrive compressed, and HEAD has the head of them', async () => {
  await start()
  const tunnel = await mesh.tunnel()
  for (const path of ['/whole', '/chunks']) {
    const answer = await tunnel.get(path, 'accept-encoding: gzip\r\n')
    assert.equal(answer.head.headers.get('content-encoding'), 'gzip')
    assert.equal(gunzipSync(answer.body).toString(), body)
    assert.ok(answer.body.length < body.length / 10)
  }
  const { headers } = (await tunnel.request('HEAD', '/whole', 'accept-encoding: gzip\r\n')).head
  assert.deepEqual(
    ['content-encoding', 'etag', 'vary', 'content-length'].map((name) => headers.get(name)),
    ['gzip', 'W/"v1"', 'Accept-Encoding', undefined],
  )
  const plain = await tunnel.get('/whole')
  assert.equal(plain.head.headers.get('content-length'), String(body.length))
  assert.equal(plain.body.toString(), body)
})
