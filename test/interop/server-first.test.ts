/** Servers that speak first, on a port that declares nothing: MariaDB and SMTP, each with a client of its own. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { advanceInSteps, createFakeClock } from '../support/fake-clock.ts'
import type { FakeClock } from '../support/fake-clock.ts'
import { openDoor } from '../support/mesh/door.ts'
import type { Door } from '../support/mesh/door.ts'
import { until } from '../support/mesh/mesh.ts'
import { TcpMesh } from '../support/mesh/tcp-mesh.ts'
import { freePort, run, skipWithout, startPeer } from '../support/peer-process.ts'
import type { PeerProcess } from '../support/peer-process.ts'
import { createBackendCa } from '../support/tls/backend-ca.ts'

/** How long nothing has to be said before a server is let speak. */
const DETECTION_MS = 5000

const ca = createBackendCa()
let dir = ''
let clock: FakeClock
let tcp: TcpMesh
let door: Door

before(() => {
  dir = mkdtempSync(join(tmpdir(), 'fairway-server-first-'))
  const { cert, key } = ca.issue(['server.example'])
  for (const [name, text] of Object.entries({ ca: ca.pem, cert, key })) writeFileSync(join(dir, `${name}.pem`), text)
})
after(() => rmSync(dir, { recursive: true, force: true }))

beforeEach(async () => {
  clock = createFakeClock()
  tcp = await TcpMesh.start('plain', { clock })
  door = await openDoor(tcp.mesh)
})
afterEach(async () => {
  door.close()
  await tcp.close()
})

const put = (port: number): void => tcp.put({ protocol: 'unknown', services: { api: [port] } })

/** Lets the time pass that a client is given to speak first, when there is one. */
const waitForServer = async (): Promise<void> => {
  await until(() => tcp.mesh.counters.openTunnels === 1, 'a tunnel')
  await advanceInSteps(clock, DETECTION_MS)
}

/** What a client that waits for the server says in the end. */
const talk = async (program: string, args: readonly string[], input?: Buffer): Promise<string> => {
  const [answer] = await Promise.all([run(program, args, input), waitForServer()])
  return answer.toString()
}

const assertOneConnection = async (): Promise<void> => {
  const { protocol, details } = await tcp.mesh.record(1)
  assert.deepEqual([protocol, details], ['tcp', 'via_upstream'])
  assert.equal(tcp.mesh.counters.deadlines.protocolDetection, 1)
}

/** The first packets of MySQL 8 and of an ESMTP server as they stand on the wire, whatever is installed here. */
const greetings: Readonly<Record<string, readonly [greeting: Buffer, login: Buffer]>> = {
  MySQL: [
    Buffer.from(
      '4a0000000a382e302e333500080000001122334455667788ff' +
        'ffff0200ffdf150000000000000000000099aabbccddeeff0011223344006361636869',
      'hex',
    ),
    Buffer.from('2000000185a23f0000000001ff0000000000000000000000000000000000000000000000', 'hex'),
  ],
  SMTP: [Buffer.from('220 mail.example ESMTP ready\r\n'), Buffer.from('EHLO client.example\r\n')],
}
for (const [name, [greeting, login]] of Object.entries(greetings)) {
  it(`the greeting of ${name} arrives as it is, when its time is up and not before, and so does what it is answered`, async () => {
    let heard = Buffer.alloc(0)
    const { port } = await tcp.serve((socket: Socket) => {
      socket.write(greeting)
      socket.on('data', (chunk: Buffer) => (heard = Buffer.concat([heard, chunk])))
      socket.on('end', () => socket.end())
    })
    put(port)
    const client = connect(door.port, '127.0.0.1')
    let got = Buffer.alloc(0)
    client.on('data', (chunk: Buffer) => (got = Buffer.concat([got, chunk])))
    await until(() => tcp.mesh.counters.openTunnels === 1)
    await advanceInSteps(clock, DETECTION_MS - 500)
    assert.equal(got.length, 0)
    await advanceInSteps(clock, 500)
    await until(() => got.equals(greeting), 'the greeting')
    client.end(login)
    await once(client, 'close')
    assert.deepEqual(heard, login)
    await assertOneConnection()
  })
}

describe('MariaDB', { skip: skipWithout('mariadbd') || skipWithout('mariadb') }, () => {
  let server: PeerProcess
  let port = 0
  before(async () => {
    const data = mkdtempSync(join(dir, 'data-'))
    port = await freePort()
    const tls = ['ca', 'cert', 'key'].map((name) => `--ssl-${name}=${join(dir, `${name}.pem`)}`)
    server = await startPeer(
      'mariadbd',
      [
        ...['--no-defaults', `--datadir=${data}`, `--socket=${join(data, 'socket')}`, '--skip-grant-tables'],
        ...['--bind-address=0.0.0.0', `--port=${port}`, '--max-allowed-packet=32M', ...tls],
        // It refuses to be root unless it is told to.
        ...(process.getuid?.() === 0 ? ['--user=root'] : []),
      ],
      port,
    )
  })
  after(() => server[Symbol.dispose]())

  const query = (text: string, ...flags: readonly string[]): Promise<string> => {
    const target = ['--no-defaults', '--protocol=tcp', '-h', '127.0.0.1', '-P', String(door.port), '-u', 'tester']
    return talk('mariadb', [...target, ...flags, '-Bse', text])
  }

  it('greets and answers', async () => {
    put(port)
    assert.equal(await query('select 6 * 7'), '42\n')
    await assertOneConnection()
  })

  it('goes on in TLS of its own', async () => {
    put(port)
    const answer = await query("show status like 'Ssl_version'", '--ssl', `--ssl-ca=${join(dir, 'ca.pem')}`)
    assert.match(answer, /TLSv1\.[23]/)
  })

  it('sends ten megabytes in one answer', async () => {
    put(port)
    const answer = await query("select repeat('x', 10000000)", '--max-allowed-packet=32M')
    assert.equal(answer.length, 10_000_001)
  })
})

describe('SMTP', { skip: skipWithout('aiosmtpd') || skipWithout('curl') }, () => {
  let server: PeerProcess
  let port = 0
  before(async () => {
    port = await freePort()
    const tls = ['--tlscert', join(dir, 'cert.pem'), '--tlskey', join(dir, 'key.pem'), '--no-requiretls']
    const handler = ['-c', 'aiosmtpd.handlers.Mailbox', join(dir, 'mail')]
    server = await startPeer('aiosmtpd', ['-n', '-l', `0.0.0.0:${port}`, ...tls, ...handler], port)
  })
  after(() => server[Symbol.dispose]())

  for (const [name, flags] of Object.entries({ 'in plaintext': [], 'in TLS of its own': ['--ssl-reqd'] })) {
    it(`greets and takes a letter of a megabyte ${name}`, async () => {
      put(port)
      const letter = Buffer.from(`Subject: ${name}\r\n\r\n${'a line of it\r\n'.repeat(75_000)}`)
      const place = ['--connect-to', `server.example:25:127.0.0.1:${door.port}`, '--cacert', join(dir, 'ca.pem')]
      const mail = ['--mail-from', 'a@client.example', '--mail-rcpt', 'b@server.example', '-T', '-']
      await talk('curl', ['-sS', ...place, ...flags, ...mail, 'smtp://server.example:25'], letter)
      await assertOneConnection()
      assert.ok((await tcp.mesh.record(1)).requestBytes > letter.length)
    })
  }
})
