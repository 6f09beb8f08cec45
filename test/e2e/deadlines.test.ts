import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import type { ClientHttp2Stream } from 'node:http2'
import { connect as connectTcp, createServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { eventually } from './support/eventually.ts'
import { workerCounts, type RunningFairway } from './support/fairway-process.ts'
import { tlsOf, type HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { issueTo } from './support/mesh-certificates.ts'
import { gateway, service } from './support/objects.ts'

/** Both run at once, so that each has a network of its own. */
const networkOf = (workers: number): string => `127.71.${9 + workers}`
const VIP = '10.96.0.10:80'
const DEAF_VIP = '10.96.0.11:80'
/** More than all windows on the way take. */
const LARGE_BYTES = 8 << 20

const objectsOf = (network: string): readonly object[] => [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
  ...service({ name: 'deaf', vip: '10.96.0.11', endpoints: [{ address: `${network}.2`, port: 9080 }] }),
]

/** Far apart where two of them run at once; whoever is to keep to the last ones has all the time that the others take. */
const flags = [
  ...['--request-head-timeout', '600ms', '--response-head-timeout', '1s200ms', '--body-idle-timeout', '800ms'],
  ...['--keep-alive-timeout', '500ms', '--stream-idle-timeout', '1s800ms', '--connect-timeout', '1s200ms'],
  ...['--tls-handshake-timeout', '2s', '--preface-timeout', '500ms', '--access-log', 'json'],
]

const answer: RequestListener = (request, response) => {
  switch (request.url ?? '') {
    case '/silent':
      return
    case '/begin':
      response.write('begun')
      return
    case '/large':
      response.end(Buffer.alloc(LARGE_BYTES))
      return
    default:
      request.resume()
      request.once('end', () => response.end('ok'))
      request.once('error', () => {})
  }
}

/** A tunnel used by hand: what came, and how it ended. */
const openRaw = async (client: HboneClient, authority: string) => {
  const { stream } = await client.connect(authority)
  const seen = { text: '', ending: '' }
  stream.setEncoding('latin1').on('data', (text: string) => (seen.text += text))
  stream.once('end', () => (seen.ending ||= 'end'))
  stream.once('error', () => (seen.ending = 'error'))
  return { stream, seen }
}

const isEnded = (seen: { readonly ending: string }, ending: string): Promise<unknown> =>
  eventually(`the tunnel to be over by ${ending}`, () => seen.ending === ending)

describe('deadlines', { concurrency: true }, () => {
  for (const workers of workerCounts(2)) {
    describe(`of --workers ${workers}`, { concurrency: true }, () => {
      const network = networkOf(workers)
      let mesh: Mesh
      let fairway: RunningFairway
      let client: HboneClient
      const deaf = createServer((socket) => socket.on('error', () => {}))
      before(async () => {
        mesh = await createMesh(objectsOf(network))
        await mesh.startPod('api', { address: `${network}.1`, port: 9080, answer })
        deaf.listen(15_008, `${network}.2`)
        await once(deaf, 'listening')
        fairway = await mesh.startFairway(workers, flags)
        client = await mesh.dial(fairway)
      })
      after(async () => {
        await mesh?.[Symbol.asyncDispose]()
        deaf.close()
      })

      /** The flags and details that the access log has for a path. */
      const lineOf = (path: string): Promise<unknown> =>
        eventually(`the line of ${path}`, () => {
          const lines = fairway.stdout().split('\n').slice(0, -1)
          const line = lines.find((text) => text.includes(`"path":"${path}"`))
          if (line === undefined) return undefined
          // Every line of the access log is an object with these fields.
          const {
            response_code: code,
            response_flags: flag,
            response_code_details: details,
          } = JSON.parse(line) as Record<string, unknown>
          return [code, flag, details]
        })

      const isCounted = (deadline: string, atLeast = 1): Promise<unknown> =>
        eventually(`${deadline} to be counted`, async () => {
          return (await fairway.metric('fairway_deadlines_exceeded_total', { deadline })) >= atLeast
        })

      const ask = (stream: ClientHttp2Stream, method: string, path: string, more = ''): void =>
        void stream.write(`${method} ${path} HTTP/1.1\r\nhost: api\r\n${more}\r\n`)

      const toWaypoint = (): { readonly host: string; readonly port: number } => {
        const [host = '', port] = fairway.addresses.hbone.split(':')
        return { host, port: Number(port) }
      }

      const isClosed = async (socket: Socket): Promise<void> => {
        socket.on('error', () => {}).resume()
        await new Promise((resolve) => socket.once('close', resolve))
      }

      it('a client that begins no handshake is closed', async () => {
        await isClosed(connectTcp(toWaypoint()))
        await isCounted('handshake')
      })

      it('a client that does not begin with HTTP/2 is closed', async () => {
        const credentials = tlsOf(await issueTo(mesh.ca, 'shop/client'))
        const silent = { ...credentials, ...toWaypoint(), ALPNProtocols: ['h2'], checkServerIdentity: () => undefined }
        await isClosed(connectTls(silent))
        await isCounted('preface')
      })

      it('a head that does not end is answered 408, and the tunnel ends', async () => {
        const { stream, seen } = await openRaw(client, VIP)
        stream.write('GET / HTTP/1.1\r\nhost: a')
        await isEnded(seen, 'end')
        assert.match(seen.text, /^HTTP\/1\.1 408 /)
        stream.end()
        await isCounted('request_head')
      })

      it('an endpoint that does not answer is 504 UT', async () => {
        assert.equal((await client.request(VIP, { path: '/silent' })).status, 504)
        assert.deepEqual(await lineOf('/silent'), [504, 'UT', 'upstream_response_timeout'])
        await isCounted('response_head')
      })

      it('a body that does not go on is 408 SI', async () => {
        const { stream, seen } = await openRaw(client, VIP)
        ask(stream, 'POST', '/body', 'content-length: 9\r\n')
        stream.write('half')
        await isEnded(seen, 'end')
        assert.match(seen.text, /^HTTP\/1\.1 408 /)
        assert.deepEqual(await lineOf('/body'), [408, 'SI', 'request_body_idle_timeout'])
        stream.end()
        await isCounted('body_idle')
      })

      it('an answer that nobody reads is broken off', async () => {
        const { stream } = await client.connect(VIP)
        ask(stream, 'GET', '/large')
        // Never read: node:http2 answers PING all the same.
        await new Promise((resolve) => stream.once('close', resolve))
        assert.equal(stream.rstCode, 2)
        assert.deepEqual(await lineOf('/large'), [200, 'SI', 'response_body_idle_timeout'])
      })

      it('an answer that does not go on is broken off', async () => {
        const { stream, seen } = await openRaw(client, VIP)
        ask(stream, 'GET', '/begin')
        await isEnded(seen, 'error')
        assert.match(seen.text, /begun/)
        assert.deepEqual(await lineOf('/begin'), [200, 'SI', 'stream_idle_timeout'])
        await isCounted('stream_idle')
      })

      it('a tunnel without requests is ended in good order', async () => {
        const { stream, seen } = await openRaw(client, VIP)
        ask(stream, 'GET', '/once')
        await isEnded(seen, 'end')
        assert.match(seen.text, /^HTTP\/1\.1 200 /)
        stream.end()
        await isCounted('keep_alive_idle')
      })

      it('an endpoint that takes the connection and says nothing is 503 UF', async () => {
        assert.equal((await client.request(DEAF_VIP, { path: '/deaf' })).status, 503)
        assert.deepEqual(await lineOf('/deaf'), [503, 'UF', 'upstream_connect_failure'])
        await isCounted('connect')
      })
    })
  }
})
