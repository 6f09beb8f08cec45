import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { startNginx } from '../support/peers/nginx.ts'
import { freePort, skipWithout } from '../support/peer-process.ts'
import type { PeerProcess } from '../support/peer-process.ts'
import { createBackendCa } from '../support/tls/backend-ca.ts'
import { TlsMesh, TRANSPORTS } from '../support/tls/tls-mesh.ts'

const HOST = 'orders.shop.svc'
const FILE = Buffer.from(Uint8Array.from({ length: 3 << 20 }, (_, i) => (i * 31) & 0xff))
const ca = createBackendCa()

/** `$ssl_session_reused` is `r` for a resumed handshake, and `.` else. */
const configOf = (dir: string, [port, plainPort]: readonly [number, number], protocols: string): string => `
  ssl_certificate ${dir}/cert.pem;
  ssl_certificate_key ${dir}/key.pem;
  ssl_protocols ${protocols};
  server {
    listen 0.0.0.0:${port} ssl default_server;
    server_name other.shop.svc;
    location / { return 421 "no such name"; }
  }
  server {
    listen 0.0.0.0:${port} ssl;
    server_name ${HOST};
    root ${dir}/files;
    location = /who { return 200 "$ssl_server_name $ssl_protocol $ssl_session_reused"; }
    location = /bye { keepalive_timeout 0; return 200 "bye"; }
    location = /upload { proxy_pass http://127.0.0.1:${plainPort}; }
  }
  server {
    listen 127.0.0.1:${plainPort};
    location / { return 200 "$content_length"; }
  }
`

for (const protocols of ['TLSv1.3', 'TLSv1.2']) {
  describe(`an application behind nginx, ${protocols}`, { skip: skipWithout('nginx', '-v') }, () => {
    const dir = mkdtempSync(join(tmpdir(), 'fairway-nginx-'))
    let nginx: PeerProcess
    let port = 0
    let setting: TlsMesh
    before(async () => {
      port = await freePort()
      const { cert, key } = ca.issue([HOST])
      mkdirSync(join(dir, 'files'))
      writeFileSync(join(dir, 'files', 'file'), FILE)
      writeFileSync(join(dir, 'cert.pem'), cert)
      writeFileSync(join(dir, 'key.pem'), key)
      nginx = await startNginx(dir, port, configOf(dir, [port, await freePort()], protocols))
    })
    after(() => {
      nginx[Symbol.dispose]()
      rmSync(dir, { recursive: true, force: true })
    })
    afterEach(() => setting.close())

    for (const transport of TRANSPORTS) {
      it(`answers requests and large ones, ${transport}`, async () => {
        setting = await TlsMesh.start(transport)
        setting.put(ca.tls(HOST), port)
        const tunnel = await setting.mesh.tunnel()
        const more = `host: ${HOST}\r\n`
        const ask = (method: string, path: string, rest = '', body = '') => {
          tunnel.write(`${method} ${path} HTTP/1.1\r\n${more}${rest}\r\n${body}`, method)
          return tunnel.answer()
        }
        assert.equal((await ask('GET', '/who')).body.toString(), `${HOST} ${protocols} .`)
        assert.ok((await ask('GET', '/file')).body.equals(FILE))
        const body = 'u'.repeat(2 << 20)
        assert.equal(
          (await ask('POST', '/upload', `content-length: ${body.length}\r\n`, body)).body.toString(),
          '2097152',
        )
        assert.equal((await ask('GET', '/bye')).body.toString(), 'bye')
        // On a new connection, with what the first one left.
        assert.equal((await ask('GET', '/who')).body.toString(), `${HOST} ${protocols} r`)
        assert.equal(setting.mesh.counters.upstreamTlsFailures, 0)
      })
    }

    it('is not spoken to when its certificate is for another name', async () => {
      setting = await TlsMesh.start('hbone')
      setting.put(ca.tls('carts.shop.svc'), port)
      assert.equal((await (await setting.mesh.tunnel()).get('/who')).head.status, 503)
      assert.match(setting.lastFailure, /is refused: its certificate is for DNS:orders\.shop\.svc, and not for carts/)
    })
  })
}
