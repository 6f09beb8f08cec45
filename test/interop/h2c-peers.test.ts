/** HTTP/2 in the clear as its tools speak it, through a waypoint, to servers that know nothing of each other. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createH1 } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createH2 } from 'node:http2'
import type { Http2Server, Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { formatEndpointKey } from '../../src/model/endpoint.ts'
import { openDoor } from '../support/mesh/door.ts'
import type { Door } from '../support/mesh/door.ts'
import { Mesh, until } from '../support/mesh/mesh.ts'
import { startNginx } from '../support/peers/nginx.ts'
import { freePort, run, skipWithout, startPeer } from '../support/peer-process.ts'

const MIB = 1 << 20
/** More than all windows on the way hold. */
const FILE = Buffer.from(Uint8Array.from({ length: 3 * MIB }, (_, i) => (i * 31 + (i >> 12)) & 0xff))
const DIGEST = createHash('sha256').update(FILE).digest('hex')

const dir = mkdtempSync(join(tmpdir(), 'fairway-h2c-'))
const file = join(dir, 'files', 'file')
mkdirSync(join(dir, 'files'))
writeFileSync(file, FILE)
writeFileSync(join(dir, 'files', 'small'), 'hello\n')
after(() => rmSync(dir, { recursive: true, force: true }))

/** `/file` and `/small`; whatever is posted is answered with its digest; with trailers where the client asks for them. */
const answer = (
  request: IncomingMessage | Http2ServerRequest,
  response: (ServerResponse | Http2ServerResponse) & NodeJS.WritableStream,
): void => {
  if (request.method === 'POST' || request.method === 'PUT') {
    const hash = createHash('sha256')
    request.on('data', (chunk: Buffer) => hash.update(chunk))
    request.on('end', () => response.end(hash.digest('hex')))
    return
  }
  request.resume()
  const body = request.url === '/file' ? FILE : Buffer.from('hello\n')
  if (request.url === '/trailers') {
    response.setHeader('trailer', 'x-sum')
    response.write('hello\n')
    response.addTrailers({ 'x-sum': '7' })
    response.end()
    return
  }
  response.setHeader('content-length', body.length)
  response.end(request.method === 'HEAD' ? '' : body)
}

const nginxConfig = (port: number, plainPort: number): string => `
  server {
    listen 127.0.0.1:${port} http2;
    root ${dir}/files;
    location = /upload { proxy_pass http://127.0.0.1:${plainPort}; proxy_request_buffering off; }
  }
`

/** A server, as far as a test starts it and tells what it can. */
interface Backend {
  readonly name: string
  readonly protocol: 'http' | 'http2'
  readonly skip: string | false
  /** Answers uploads with a digest, and sends trailers. */
  readonly isApplication: boolean
  readonly start: (owned: AsyncDisposableStack) => Promise<number>
}

const listening = async (owned: AsyncDisposableStack, server: Server | Http2Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owned.defer(() => void server.close())
  return (server.address() as AddressInfo).port
}

const startNodeH1 = (owned: AsyncDisposableStack): Promise<number> => listening(owned, createH1(answer))

const backends: readonly Backend[] = [
  {
    name: 'node:http2',
    protocol: 'http2',
    skip: false,
    isApplication: true,
    // Else it refuses streams while megabytes of answers wait, whoever asks.
    start: (owned) => listening(owned, createH2({ maxSessionMemory: 1000 }, answer)),
  },
  { name: 'node:http', protocol: 'http', skip: false, isApplication: true, start: startNodeH1 },
  {
    name: 'nginx',
    protocol: 'http2',
    skip: skipWithout('nginx', '-v'),
    isApplication: false,
    start: async (owned) => {
      const port = await freePort()
      owned.use(await startNginx(dir, port, nginxConfig(port, await startNodeH1(owned))))
      return port
    },
  },
  {
    name: 'nghttpd',
    protocol: 'http2',
    skip: skipWithout('nghttpd'),
    isApplication: false,
    start: async (owned) => {
      const port = await freePort()
      owned.use(await startPeer('nghttpd', ['--no-tls', '-d', join(dir, 'files'), String(port)], port))
      return port
    },
  },
]

const withoutCurl = skipWithout('curl')
const withoutNghttp = skipWithout('nghttp')
const withoutH2load = skipWithout('h2load')
const H2C = '--http2-prior-knowledge'

for (const { name, protocol, skip, isApplication, start } of backends) {
  describe(`through the waypoint to ${name}`, { skip }, () => {
    const owned = new AsyncDisposableStack()
    let mesh: Mesh
    let door: Door
    let origin = ''
    before(async () => {
      const port = await start(owned)
      // Four hundred requests at once share a process with client and server here: none of them is too late for this.
      mesh = await Mesh.start({ protocol: 'http2', overload: { waitMs: 20_000 } })
      const endpoints = [mesh.endpoint('127.0.0.1', { transport: 'plain', port })]
      mesh.apply(mesh.model({ endpoints: [{ key: formatEndpointKey('shop', 'api', 80), protocol, endpoints }] }))
      door = await openDoor(mesh)
      origin = `http://127.0.0.1:${door.port}`
    })
    after(async () => {
      door.close()
      await mesh.close()
      await owned.disposeAsync()
    })
    const curl = (args: readonly string[], input?: Buffer): Promise<Buffer> =>
      run('curl', ['-sS', '-m', '20', ...args], input)

    for (const version of [H2C, '--http1.1']) {
      it(`curl ${version} gets what it asks for`, { skip: withoutCurl }, async () => {
        assert.equal((await curl([version, `${origin}/small`])).toString(), 'hello\n')
        assert.ok((await curl([version, `${origin}/file`])).equals(FILE))
        const head = (await curl([version, '-I', `${origin}/file`])).toString()
        assert.match(head, /^content-length: 3145728\r$/im)
        assert.match(head, version === H2C ? /^HTTP\/2 200/ : /^HTTP\/1.1 200/)
      })

      it(
        `curl ${version} uploads 3 MiB`,
        { skip: withoutCurl || (name === 'nghttpd' && 'nghttpd takes no body') },
        async () => {
          const target = `${origin}/${isApplication ? '' : 'upload'}`
          const digest = await curl([version, '-X', 'POST', '-T', file, '-H', 'expect:', target])
          assert.equal(digest.toString(), DIGEST)
          const chunked = await curl([version, '-X', 'POST', '-T', '-', '-H', 'expect:', target], FILE)
          assert.equal(chunked.toString(), DIGEST)
        },
      )

      it(`curl ${version} sees trailers`, { skip: withoutCurl || (!isApplication && 'it sends none') }, async () => {
        const seen = join(dir, 'trailers')
        assert.equal((await curl([version, '-D', seen, `${origin}/trailers`])).toString(), 'hello\n')
        assert.match(readFileSync(seen, 'latin1'), /\r\n\r\nx-sum: 7\r\n/i)
      })
    }

    it('nghttp asks for several at once, with HEAD and padding', { skip: withoutNghttp }, async () => {
      const several = await run('nghttp', ['-n', '-v', '-m', '8', '--padding=200', `${origin}/file`, `${origin}/small`])
      assert.equal(several.toString().match(/:status: 200/g)?.length, 16)
      const head = await run('nghttp', ['-v', '-H', ':method: HEAD', `${origin}/file`])
      assert.match(head.toString(), /:status: 200[^]*content-length: 3145728/)
      assert.doesNotMatch(head.toString(), /recv (GOAWAY|RST_STREAM|DATA)/)
    })

    it(
      'nghttp uploads with padding',
      { skip: withoutNghttp || (name === 'nghttpd' && 'nghttpd takes no body') },
      async () => {
        const target = `${origin}/${isApplication ? '' : 'upload'}`
        const answered = await run('nghttp', ['--padding=255', '-d', file, target])
        assert.equal(answered.toString(), DIGEST)
      },
    )

    it('h2load has all of its requests answered', { skip: withoutH2load }, async () => {
      const output = (await run('h2load', ['-n', '2000', '-c', '4', '-m', '100', `${origin}/small`])).toString()
      assert.match(output, /2000 done, 2000 succeeded, 0 failed, 0 errored/)
      assert.match(output, /status codes: 2000 2xx/)
    })

    it('leaves nothing behind', async () => {
      await until(() => mesh.counters.activeExchanges === 0 && door.open() === 0)
      for (const { flags, method, path, tries } of mesh.records)
        assert.equal(flags, '-', `${method} ${path} ${JSON.stringify(tries)}`)
    })
  })
}
