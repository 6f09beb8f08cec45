import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { Mesh, until } from '../../test/support/mesh/mesh.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const POST = 'POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nabc'

describe('an answer that goes well, before the whole request', () => {
  const known: readonly (readonly [what: string, answer: string])[] = [
    ['has its length', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbig'],
    ['has no body', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['has an empty one', 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ]
  for (const [what, answer] of known) {
    it(`says that it is the last on its connection when it ${what}`, async () => {
      mesh = await Mesh.start({ pods: [{ onHead: (pod) => void pod.write(answer) }] })
      const tunnel = await mesh.tunnel()
      tunnel.write(POST, 'POST')
      const { head } = await tunnel.answer()
      assert.deepEqual([head.headers.get('connection'), await tunnel.ended], ['close', 'end'])
      assert.deepEqual((await mesh.record(1)).flags, '-')
    })
  }

  it('may overtake the rest when it is made while that comes: the next request is answered', async () => {
    mesh = await Mesh.start({
      pods: [
        {
          onHead: (pod) => void pod.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n'),
          onRequest: (pod) => void pod.write('0\r\n\r\n'),
        },
      ],
    })
    const tunnel = await mesh.tunnel()
    tunnel.write(POST, 'POST')
    await until(() => tunnel.partial.bytes === 3)
    tunnel.write('defghij')
    const { head } = await tunnel.answer()
    assert.equal(head.headers.get('connection'), undefined)
    assert.equal((await tunnel.request('POST', '/', 'content-length: 1\r\n', 'x')).head.status, 200)
  })
})
