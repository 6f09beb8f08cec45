import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { FilterDefinition, Served, Serving } from '../../filter/index.ts'
import { HeaderList } from '../../http/header-list.ts'
import * as s from '../../lib/schema.ts'
import { Mesh } from '../../../test/support/mesh/mesh.ts'

let mesh: Mesh
afterEach(() => mesh.close())

/** A waypoint with a filter that serves like this. */
const serveLike = async (serve: (serving: Serving) => Partial<Served> | undefined): Promise<void> => {
  const nothing: Served = { onBody: () => true, onBodyEnd: () => {}, onDrain: () => {}, onOver: () => {} }
  const definition: FilterDefinition<object> = {
    kind: 'Server',
    stage: 'select',
    config: s.object({}),
    create: () => ({
      // Whatever comes meanwhile of a body waits.
      onRequest: () => new Promise((resolve) => void setImmediate(resolve)),
      serve: (_exchange, serving) => {
        const served = serve(serving)
        return served && { ...nothing, ...served }
      },
    }),
  }
  mesh = await Mesh.start({
    filters: [definition],
    rule: { filters: [{ kind: 'Server', config: {}, origin: 'Server' }] },
    pods: [{ onRequest: (tunnel) => tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\npod') }],
  })
}

test('a body that is asked for while the filter is asked comes to it, all that came before included', async () => {
  await serveLike((serving) => {
    const pieces: Buffer[] = []
    serving.readBody()
    return {
      onBody: (bytes) => pieces.push(bytes) > 0,
      onBodyEnd: () => {
        const body = Buffer.concat(pieces)
        serving.respond(200, new HeaderList(), body.length)
        serving.write(body)
        serving.end()
      },
    }
  })
  const tunnel = await mesh.tunnel()
  const { body } = await tunnel.request('POST', '/', 'content-length: 5\r\n', 'hello')
  assert.equal(body.toString(), 'hello')
})

for (const [what, serve, status] of [
  ['has read the body', (serving: Serving) => serving.readBody(), 500],
  ['has begun an answer', (serving: Serving) => serving.respond(201, new HeaderList(), 1), undefined],
] as const)
  test(`a filter that ${what} and returns nothing has failed: the request goes nowhere else`, async () => {
    await serveLike((serving) => {
      serve(serving)
      return undefined
    })
    const tunnel = await mesh.tunnel()
    const asked = tunnel.request('POST', '/', 'content-length: 5\r\n', 'hello')
    if (status === undefined) assert.notEqual(await tunnel.ended, 'end')
    else assert.equal((await asked).head.status, status)
    assert.equal(mesh.pod.tunnels.length, 0)
  })
