import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { ruleOf } from '../../test/support/filters/body-filters.ts'
import { Mesh } from '../../test/support/mesh/mesh.ts'
import { arrivals } from '../../test/support/turns.ts'
import type { Filter } from '../filter/index.ts'
import { createReply } from '../filter/reply.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const withFilters = async (filter: Filter): Promise<void> => {
  mesh = await Mesh.start({ ...ruleOf([[{}, filter]]), pods: [{}] })
}

const unsendable: readonly (readonly [what: string, changes: object])[] = [
  ['a URI, which a backend that is a proxy would call', { path: 'http://evil.example/x' }],
  ['what is no text', { path: undefined }],
  ['a path that begins with no slash', { path: 'admin' }],
  ['the target of another method', { path: '*' }],
  ['another method, in plain JavaScript', { method: 'CONNECT' }],
]
for (const [what, changes] of unsendable) {
  test(`a request whose target a filter has made into ${what} goes nowhere`, async () => {
    await withFilters({ onRequest: ({ request }) => void Object.assign(request, changes) })
    const { head } = await (await mesh.tunnel()).get()
    assert.deepEqual([head.status, mesh.pod.requests], [500, 0])
  })
}

test('a reply that was made by hand, with flags that are none, is no reply', async () => {
  const reply = { ...createReply(429), flags: 'user-4711' }
  await withFilters({ onRequest: () => reply })
  assert.equal((await (await mesh.tunnel()).get()).head.status, 500)
  assert.equal((await mesh.record(1)).flags, '-')
})

test('a client that waits for leave to send its body is told to, when a filter has taken its question out', async () => {
  await withFilters({ onRequest: ({ request }) => void request.headers.remove('expect') })
  const tunnel = await mesh.tunnel()
  tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n', 'POST')
  // Nothing of the test tells when the 100 is out but the answer that counts it.
  await arrivals()
  tunnel.write('ok')
  const { informational, head } = await tunnel.answer()
  assert.deepEqual([informational, head.status, String(mesh.pod.tunnels[0]?.requests[0]?.body)], [[100], 200, 'ok'])
})

test('a response that a filter takes away is answered for', async () => {
  await withFilters({ onResponse: (exchange) => void Object.assign(exchange, { response: undefined }) })
  assert.equal((await (await mesh.tunnel()).get()).head.status, 500)
  assert.equal((await mesh.record(1)).details, 'filter_failed')
})
