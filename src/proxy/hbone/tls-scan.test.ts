/** What the HBONE port lets a client choose, all of it, before and after its certificates were replaced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityOf, until } from '../../../test/support/mesh/mesh.ts'
import { skipWithout } from '../../../test/support/peer-process.ts'
import { scanTls } from '../../../test/support/tls/scan-tls.ts'
import type { TlsScan } from '../../../test/support/tls/scan-tls.ts'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import { Counters } from '../counters.ts'
import { Flusher } from '../flusher.ts'
import { HboneServer } from './server.ts'

const hasOpenssl = skipWithout('openssl', 'version') === false

/** As `docs/concepts/hbone.md` has it. */
const WANTED: TlsScan = {
  versions: ['TLSv1.3', ...(hasOpenssl ? ['openssl tls1_3'] : [])],
  suites: ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256'],
  groups: ['X25519', 'P-256', 'P-384', 'P-521', 'X448', 'ffdhe2048', 'X25519MLKEM768'],
  signatures: ['ECDSA+SHA256'],
  protocols: ['h2', 'http/1.1,h2'],
  demandsCertificate: true,
  resumes: false,
}

for (const [groups, wanted] of [
  [undefined, WANTED.groups],
  ['P-384:X25519MLKEM768', ['P-384', 'X25519MLKEM768']],
] as const) {
  test(`rotation leaves TLS as it was (groups: ${groups ?? 'of OpenSSL'})`, async (t) => {
    const counters = new Counters()
    const [first, second] = [new TestCa('First'), new TestCa('Second')]
    const identity = identityOf('waypoint')
    const server = new HboneServer({
      credentials: first.issue(identity),
      trustDomains: ['cluster.local'],
      tls: groups === undefined ? {} : { groups },
      flusher: new Flusher(),
      counters,
      onTunnel: (tunnel) => tunnel.refuse(404),
      onWarning: () => {},
    })
    t.after(() => server.destroy())
    const port = await server.listen({ host: '127.0.0.1', port: 0, reusePort: false })
    const scan = (ca: TestCa, withOpenssl = hasOpenssl): Promise<TlsScan> =>
      scanTls(port, ca.issue(identityOf('client')), withOpenssl)

    assert.deepEqual(await scan(first), { ...WANTED, groups: wanted })
    for (const roots of [first.pem, first.pem + second.pem]) {
      server.rotate({ ...first.issue(identity), trustRootsPem: roots })
      assert.deepEqual(await scan(first), { ...WANTED, groups: wanted })
    }
    // Another root, and a list of who is revoked.
    server.rotate({ ...second.issue(identity), crlPem: second.revoke([]) })
    assert.deepEqual(await scan(second), { ...WANTED, groups: wanted })
    const stranger = await scan(first, false)
    assert.deepEqual(Object.values(stranger).flat(), [true, false], 'the scan would see who is not let in')
    await until(() => counters.openConnections === 0)
  })
}
