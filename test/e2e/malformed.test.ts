/** Requests that are none, and bodies that go wrong: what their clients get, and what is told of them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2'
import { after, before, describe, it } from 'node:test'
import { eventually } from './support/eventually.ts'
import { workerCounts, type RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { gateway, service } from './support/objects.ts'

const network = '127.71.43'
const VIP = '10.96.0.10:80'
const EARLY_VIP = '10.96.0.11:80'

const objects = [
  gateway,
  ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] }),
  ...service({ name: 'early', vip: '10.96.0.11', endpoints: [{ address: `${network}.2`, port: 9080 }] }),
]

const CHUNKED = 'POST /body HTTP/1.1\r\nhost: api\r\ntransfer-encoding: chunked\r\n\r\n'

for (const workers of workerCounts(1)) {
  describe(`what is no HTTP, with --workers ${workers}`, () => {
    let mesh: Mesh
    let fairway: RunningFairway
    let client: HboneClient
    before(async () => {
      mesh = await createMesh(objects)
      await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
      await mesh.startPod('early', {
        ...{ address: `${network}.2`, port: 9080 },
        answer: (_request, response) => void response.writeHead(200, { 'content-length': '3' }).end('big'),
      })
      fairway = await mesh.startFairway(workers, ['--access-log', 'json'])
      client = await mesh.dial(fairway)
    })
    after(() => mesh?.[Symbol.asyncDispose]())

    /** What one line of the log says of what `act` did, and that it was counted once more. */
    const isTold = async (
      { code, details, version }: { readonly code: number; readonly details: string; readonly version: 1 | 2 },
      act: () => Promise<unknown>,
    ): Promise<Readonly<Record<string, unknown>>> => {
      const labels = {
        ...{ response_code: String(code), response_flags: 'DPE', request_protocol: 'http' },
        ...{ source_principal: 'spiffe://cluster.local/ns/shop/sa/client', destination_service_name: 'api' },
      }
      const known = await fairway.metric('istio_requests_total', labels)
      const from = fairway.stdout().length
      await act()
      const line = await eventually(`one line in ${fairway.stdout().slice(from)}`, () => {
        const text = fairway.stdout().slice(from)
        return text.endsWith('\n') ? text.trimEnd() : undefined
      })
      const told = JSON.parse(line) as Record<string, unknown>
      assert.deepEqual(
        [told['response_code'], told['response_flags'], told['response_code_details'], told['protocol']],
        [code, 'DPE', details, version === 1 ? 'HTTP/1.1' : 'HTTP/2'],
      )
      assert.notEqual(told['connection_termination_details'], null)
      await eventually(
        'it is counted',
        async () => (await fairway.metric('istio_requests_total', labels)) === known + 1,
      )
      return told
    }

    /** All that comes back of bytes in a tunnel, until the waypoint ends it. */
    const say = async (...pieces: readonly string[]): Promise<string> => {
      const { stream } = await client.connect(VIP)
      let text = ''
      stream.setEncoding('latin1').on('data', (more: string) => (text += more))
      for (const piece of pieces) stream.write(piece)
      await once(stream, 'end')
      stream.close()
      return text
    }

    const refused: readonly (readonly [what: string, request: string, status: number, why: string])[] = [
      [
        'Content-Length with Transfer-Encoding',
        'POST /head HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n',
        400,
        'bad-request',
      ],
      ['a head too large', `POST /head HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(70_000)}\r\n\r\n`, 431, 'head-too-large'],
      ['another version', 'POST /head HTTP/1.9\r\nhost: a\r\n\r\n', 505, 'unsupported-version'],
    ]
    for (const [what, request, status, why] of refused) {
      it(`${what}: ${status}, a line and a count`, async () => {
        const told = await isTold({ code: status, details: `http1_protocol_error{${why}}`, version: 1 }, async () => {
          assert.match(await say(request), new RegExp(`^HTTP/1.1 ${status} [^]*connection: close`))
        })
        assert.deepEqual([told['method'], told['path']], ['POST', '/head'])
      })
    }

    it('a chunk whose size is none: 400, and no blame for the client’s leaving', async () => {
      const told = await isTold({ code: 400, details: 'http1_protocol_error{bad-request}', version: 1 }, async () => {
        assert.match(await say(CHUNKED, '4\r\nhalf\r\n', '0x3\r\nabc\r\n'), /^HTTP\/1.1 400 [^]*connection: close/)
      })
      assert.deepEqual([told['method'], told['path']], ['POST', '/body'])
    })

    /** A request by HTTP/2, with `body` or without, and what its stream was reset with or answered. */
    const ask = async (headers: OutgoingHttpHeaders, body?: string): Promise<number> => {
      const { stream: tunnel } = await client.connect(VIP)
      const session: ClientHttp2Session = connect('http://api', { createConnection: () => tunnel })
      session.on('error', () => {})
      const stream = session.request(headers, { endStream: body === undefined })
      const { promise, resolve } = Promise.withResolvers<number>()
      stream.on('error', () => {})
      stream.once('response', (fields) => resolve(Number(fields[':status'])))
      stream.once('close', () => resolve(stream.rstCode))
      if (body !== undefined) stream.end(body)
      stream.resume()
      const outcome = await promise
      session.destroy()
      return outcome
    }
    const PROTOCOL_ERROR = 1

    it('a head of HTTP/2 that is malformed: its stream is reset, with a line and a count', async () => {
      const told = await isTold({ code: 0, details: 'http2_protocol_error{PROTOCOL_ERROR}', version: 2 }, async () => {
        assert.equal(await ask({ ':path': '/head way', ':method': 'POST' }), PROTOCOL_ERROR)
      })
      assert.deepEqual([told['method'], told['path'], told['authority']], ['POST', '/head', 'api:80'])
    })

    it('a method in lower case: 400, a line and a count', async () => {
      await isTold({ code: 400, details: 'http2_protocol_error{bad-request}', version: 2 }, async () => {
        assert.equal(await ask({ ':path': '/', ':method': 'post' }), 400)
      })
    })

    it('a body of HTTP/2 that is shorter than it says: not told of as the client’s leaving', async () => {
      await isTold({ code: 0, details: 'http2_protocol_error{PROTOCOL_ERROR}', version: 2 }, async () => {
        assert.equal(await ask({ ':path': '/body', ':method': 'POST', 'content-length': 10 }, 'abc'), PROTOCOL_ERROR)
      })
    })

    it('an answer before the whole request says that the connection closes', async () => {
      const { stream } = await client.connect(EARLY_VIP)
      let text = ''
      stream.setEncoding('latin1').on('data', (more: string) => (text += more))
      stream.write('POST / HTTP/1.1\r\nhost: early\r\ncontent-length: 10\r\n\r\nabc')
      await once(stream, 'end')
      stream.close()
      assert.match(text, /^HTTP\/1.1 200 [^]*\r\nconnection: close\r\n[^]*big$/)
    })
  })
}
