import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import type { BackendTls } from '../../src/model/endpoint.ts'
import { formatEndpointKey } from '../../src/model/endpoint.ts'
import { startNginx } from '../support/peers/nginx.ts'
import { freePort, skipWithout, startPeer } from '../support/peer-process.ts'
import type { PeerProcess } from '../support/peer-process.ts'
import { createBackendCa } from '../support/tls/backend-ca.ts'
import { TlsMesh, TRANSPORTS } from '../support/tls/tls-mesh.ts'

const HOST = 'orders.shop.svc'
const FILE = Buffer.from(Uint8Array.from({ length: 3 << 20 }, (_, i) => (i * 31) & 0xff))
const ca = createBackendCa()

/** It ends a connection with GOAWAY after twenty requests. */
const configOf = (dir: string, [port, tlsPort, plainPort]: readonly number[]): string => `
  keepalive_requests 20;
  ssl_certificate ${dir}/cert.pem;
  ssl_certificate_key ${dir}/key.pem;
  server {
    listen 0.0.0.0:${port} http2;
    listen 0.0.0.0:${tlsPort} ssl http2;
    root ${dir}/files;
    location = /who { return 200 "$server_protocol $http_host $connection_requests"; }
    location = /upload { proxy_pass http://127.0.0.1:${plainPort}; }
  }
  server {
    listen 127.0.0.1:${plainPort};
    location / { return 200 "$content_length"; }
  }
`

const dir = mkdtempSync(join(tmpdir(), 'fairway-h2-'))
mkdirSync(join(dir, 'files'))
writeFileSync(join(dir, 'files', 'file'), FILE)
after(() => rmSync(dir, { recursive: true, force: true }))

let setting: TlsMesh
afterEach(() => setting.close())

const put = (transport: (typeof TRANSPORTS)[number], port: number, tls?: BackendTls): void => {
  const { mesh, at } = setting
  const endpoints = [mesh.endpoint(at.address, { port, transport })]
  const set = { key: formatEndpointKey('shop', 'api', 80), protocol: 'http2', endpoints } as const
  mesh.apply(mesh.model({ endpoints: [tls === undefined ? set : { ...set, tls }] }))
}

describe('an endpoint that is nginx with HTTP/2', { skip: skipWithout('nginx', '-v') }, () => {
  let nginx: PeerProcess
  let ports: readonly number[] = []
  before(async () => {
    ports = [await freePort(), await freePort(), await freePort()]
    const { cert, key } = ca.issue([HOST])
    writeFileSync(join(dir, 'cert.pem'), cert)
    writeFileSync(join(dir, 'key.pem'), key)
    nginx = await startNginx(dir, ports[0] ?? 0, configOf(dir, ports))
  })
  after(() => nginx[Symbol.dispose]())

  for (const transport of TRANSPORTS) {
    for (const isTls of [false, true]) {
      it(`answers requests and large ones, ${transport}${isTls ? ', TLS' : ''}`, async () => {
        setting = await TlsMesh.start(transport)
        put(transport, ports[isTls ? 1 : 0] ?? 0, isTls ? ca.tls(HOST) : undefined)
        const tunnel = await setting.mesh.tunnel()
        assert.equal((await tunnel.get('/who')).body.toString(), 'HTTP/2.0 api 1')
        assert.ok((await tunnel.get('/file')).body.equals(FILE))
        const body = 'u'.repeat(2 << 20)
        const { head, body: length } = await tunnel.request(
          'POST',
          '/upload',
          `content-length: ${body.length}\r\n`,
          body,
        )
        assert.deepEqual([head.status, length.toString()], [200, '2097152'])
        assert.equal((await tunnel.get('/who')).body.toString(), 'HTTP/2.0 api 4')
      })
    }

    it(`is not lost by anybody when it ends its connections, ${transport}`, async () => {
      setting = await TlsMesh.start(transport)
      put(transport, ports[0] ?? 0)
      const tunnels = await Promise.all(Array.from({ length: 5 }, () => setting.mesh.tunnel()))
      for (let i = 0; i < 20; i++) {
        const answers = await Promise.all(
          tunnels.map((tunnel) => tunnel.request('POST', '/who', 'content-length: 0\r\n')),
        )
        for (const { head } of answers) assert.equal(head.status, 200)
      }
    })
  }
})

describe('an endpoint that is nghttpd', { skip: skipWithout('nghttpd') }, () => {
  it('answers requests over one connection', async () => {
    const port = await freePort()
    using _ = await startPeer(
      'nghttpd',
      ['--no-tls', '--trailer=x-end: yes', '-d', join(dir, 'files'), String(port)],
      port,
    )
    setting = await TlsMesh.start('plain')
    put('plain', port)
    const tunnels = await Promise.all(Array.from({ length: 8 }, () => setting.mesh.tunnel()))
    for (const answer of tunnels.map((tunnel) => tunnel.get('/file'))) {
      const { body, trailers } = await answer
      assert.ok(body.equals(FILE))
      // HTTP/1.1 has no place for them behind a body of known length.
      assert.equal(trailers, undefined)
    }
    assert.equal(setting.mesh.counters.openUpstreamConnections, 1)
  })
})
