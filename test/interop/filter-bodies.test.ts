/** Bodies that filters change, between curl and servers that know nothing of it. The filters are those of the examples. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createH1 } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createH2 } from 'node:http2'
import type { Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import jsonFields from '../../examples/filters/json-fields/json-fields.ts'
import redactResponse from '../../examples/filters/redact-response/redact-response.ts'
import type { FilterDefinition } from '../../src/filter/index.ts'
import { anything } from '../../src/lib/schema.ts'
import { formatEndpointKey } from '../../src/model/endpoint.ts'
import { openDoor, type Door } from '../support/mesh/door.ts'
import { Mesh } from '../support/mesh/mesh.ts'
import { backendOf, matchOf, routeOf, serviceOf } from '../support/models.ts'
import { run, skipWithout } from '../support/peer-process.ts'

const CARD = 'card 4111 1111 1111 1111, '
/** So many that a card lies across any border that there is. */
const CARDS = 10_000
const USERS = JSON.stringify({ users: Array.from({ length: 500 }, (_, id) => ({ id, email: `${id}@example.com` })) })

/** Capitals for what is sent. */
const capitals: FilterDefinition = {
  kind: 'Capitals',
  stage: 'shape',
  config: anything(),
  body: { request: 'stream' },
  create: () => ({ transformRequest: () => (bytes) => bytes.toString('latin1').toUpperCase() }),
}

const answer = (
  request: IncomingMessage | Http2ServerRequest,
  response: (ServerResponse | Http2ServerResponse) & NodeJS.WritableStream,
): void => {
  if (request.url === '/users') {
    response.setHeader('content-type', 'application/json')
    response.setHeader('content-length', USERS.length)
    response.end(USERS)
    return
  }
  if (request.url === '/cards') {
    response.setHeader('content-type', 'text/plain')
    response.setHeader('content-length', CARD.length * CARDS)
    response.end(CARD.repeat(CARDS))
    return
  }
  const bytes: Buffer[] = []
  request.on('data', (chunk: Buffer) => bytes.push(chunk))
  request.on('end', () => response.end(Buffer.concat(bytes)))
}

const servers = {
  http: (): Server => createH1(answer),
  http2: (): Http2Server => createH2(answer),
}

for (const protocol of ['http', 'http2'] as const) {
  describe(`filters between curl and an application of ${protocol}`, { skip: skipWithout('curl') }, () => {
    let mesh: Mesh
    let door: Door
    const server = servers[protocol]()
    before(async () => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      mesh = await Mesh.start({ protocol: 'http2', filters: [redactResponse, jsonFields, capitals] })
      const on = (path: string, kind: string, config: unknown) => ({
        matches: [matchOf({ path: { type: 'Exact', value: path } })],
        filters: [{ kind, config, origin: kind }],
        backends: [backendOf('api')],
      })
      const route = routeOf('api', [
        on('/cards', redactResponse.kind, { keepLast: 4 }),
        on('/users', jsonFields.kind, { remove: ['users.email'] }),
        on('/upload', capitals.kind, {}),
      ])
      const endpoints = [mesh.endpoint('127.0.0.1', { transport: 'plain', port })]
      mesh.apply(
        mesh.model({
          routes: [route],
          services: [serviceOf({ protocol: 'http2', routes: [route.key] })],
          endpoints: [{ key: formatEndpointKey('shop', 'api', 80), protocol, endpoints }],
        }),
      )
      door = await openDoor(mesh)
    })
    after(async () => {
      door.close()
      await mesh.close()
      server.close()
    })
    const curl = async (version: string, path: string, args: readonly string[] = [], input?: Buffer): Promise<string> =>
      String(await run('curl', ['-sS', '-m', '20', version, ...args, `http://127.0.0.1:${door.port}${path}`], input))

    for (const version of ['--http1.0', '--http1.1', '--http2-prior-knowledge']) {
      it(`curl ${version} gets a stream without card numbers`, async () => {
        assert.equal(await curl(version, '/cards'), 'card **** **** **** 1111, '.repeat(CARDS))
      })

      it(`curl ${version} gets JSON without some fields, and its length`, async () => {
        const expected = JSON.stringify({ users: Array.from({ length: 500 }, (_, id) => ({ id })) })
        const [head = '', body] = (await curl(version, '/users', ['-i'])).split('\r\n\r\n')
        assert.equal(body, expected)
        assert.match(head, new RegExp(`content-length: ${expected.length}`, 'i'))
        assert.doesNotMatch(await curl(version, '/users', ['-I']), /content-length/i)
      })

      if (version === '--http1.0') continue
      it(`curl ${version} sends what is changed on its way, in one go and in chunks`, async () => {
        const text = Buffer.from('hello world, '.repeat(20_000))
        const expected = text.toString().toUpperCase()
        for (const source of ['--data-binary', '-T']) {
          const args = source === '-T' ? ['-X', 'POST', '-T', '-'] : ['--data-binary', '@-']
          assert.equal(await curl(version, '/upload', args, text), expected)
        }
      })
    }
  })
}
