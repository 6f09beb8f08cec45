/** PostgreSQL through a waypoint: a client that asks for TLS in the clear first, on ports that declare TCP and nothing. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openDoor } from '../support/mesh/door.ts'
import { until } from '../support/mesh/mesh.ts'
import { TcpMesh } from '../support/mesh/tcp-mesh.ts'
import { freePort, run, skipWithout, startPeer } from '../support/peer-process.ts'
import { createBackendCa } from '../support/tls/backend-ca.ts'

const skip = skipWithout('initdb') || skipWithout('postgres') || skipWithout('psql')
/** It refuses to run as root. */
const NOBODY = 65_534
const who = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

describe('PostgreSQL', { skip }, () => {
  const ca = createBackendCa()
  const open = new AsyncDisposableStack()
  let tcp: TcpMesh
  let dir = ''
  let port = 0
  let door = 0

  const put = (protocol: 'tcp' | 'unknown'): void => tcp.put({ protocol, services: { api: [port] } })
  const psql = async (query: string, sslmode: string): Promise<string> => {
    const target = `host=pg.example hostaddr=127.0.0.1 port=${door} user=tester dbname=postgres sslmode=${sslmode}`
    const answer = await run('psql', [`${target} sslrootcert=${join(dir, 'ca.pem')}`, '-At', '-c', query])
    return answer.toString().trim()
  }

  before(async () => {
    tcp = await TcpMesh.start('plain')
    dir = mkdtempSync(join(tmpdir(), 'fairway-postgres-'))
    open.defer(() => rmSync(dir, { recursive: true, force: true }))
    chmodSync(dir, 0o755)
    const data = join(dir, 'data')
    const certificate = ca.issue(['pg.example'])
    writeFileSync(join(dir, 'ca.pem'), ca.pem)
    writeFileSync(join(dir, 'cert.pem'), certificate.cert)
    writeFileSync(join(dir, 'key.pem'), certificate.key, { mode: 0o600 })
    if (who.uid !== undefined) for (const file of ['', 'key.pem']) chownSync(join(dir, file), who.uid, who.gid)
    const made = spawnSync('initdb', ['-D', data, '-U', 'tester', '-A', 'trust', '--no-sync'], {
      ...who,
      encoding: 'utf8',
    })
    assert.equal(made.status, 0, made.stderr)
    port = await freePort(tcp.at.address)
    const settings = {
      ssl: 'on',
      ssl_cert_file: join(dir, 'cert.pem'),
      ssl_key_file: join(dir, 'key.pem'),
      listen_addresses: tcp.at.address,
      unix_socket_directories: '',
      fsync: 'off',
    }
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const place = { address: tcp.at.address, user: who }
    open.use(await startPeer('postgres', ['-D', data, '-p', String(port), ...flags], port, place))
    const entrance = await openDoor(tcp.mesh)
    open.defer(() => entrance.close())
    door = entrance.port
  })
  after(async () => {
    await tcp.close()
    await open.disposeAsync()
  })

  for (const protocol of ['tcp', 'unknown'] as const) {
    it(`answers in TLS of its own, whose name psql checks (${protocol})`, async () => {
      put(protocol)
      const query = 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()'
      assert.equal(await psql(query, 'verify-full'), 't|TLSv1.3')
    })

    it(`answers in plaintext (${protocol})`, async () => {
      put(protocol)
      assert.equal(await psql('select ssl from pg_stat_ssl where pid = pg_backend_pid()', 'disable'), 'f')
    })
  }

  it('sends a megabyte of rows, and every connection has ended', async () => {
    put('tcp')
    const rows = await psql("select repeat('x', 1000) from generate_series(1, 1000)", 'require')
    assert.equal(rows.length, 1_000_999)
    await until(() => tcp.mesh.counters.openTcpConnections === 0)
    // Whoever leaves without having read the other's close_notify resets the connection: the server, or a client that
    // was gone before it came. In plaintext neither does.
    for (const { flags, details } of tcp.mesh.records) assert.ok(['-', 'UC', 'DC'].includes(flags), details)
    assert.ok(tcp.mesh.records.some(({ flags }) => flags === '-'))
  })
})
