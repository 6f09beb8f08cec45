import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { ruleOf } from '../../test/support/filters/body-filters.ts'
import { Mesh } from '../../test/support/mesh/mesh.ts'
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
