/** Connections that are not HTTP, through `fairway run`: by TCPRoute, by server name, and found out by looking. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { ClientHttp2Stream } from 'node:http2'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { skipWithout } from '../support/peer-process.ts'
import { createBackendCa } from '../support/tls/backend-ca.ts'
import { serveTcp, serveTls } from '../support/tls/tls-app.ts'
import type { App } from '../support/tls/tls-app.ts'
import { eventually } from './support/eventually.ts'
import { workerCounts, type RunningFairway } from './support/fairway-process.ts'
import type { HboneClient } from './support/hbone-client.ts'
import { createMesh, type Mesh } from './support/mesh.ts'
import { NAMESPACE, backend, gateway, service } from './support/objects.ts'

const network = '127.71.27'
const MIB = 1 << 20
const ca = createBackendCa()

const ports = { greeting: 9001, next: 9002, echo: 9003, a: 9004, b: 9005, mortal: 9006 }

/** A Service of one plaintext endpoint here, its port declared as `appProtocol` says; empty: not at all. */
const tcpService = (name: keyof typeof ports, vip: string, appProtocol: string): readonly object[] =>
  service({ name, vip, endpoints: [{ address: `${network}.1`, port: ports[name], transport: 'plain' }] }).map(
    (object) => {
      if (!('kind' in object)) return object
      // `http` as a name of the port would declare it.
      if (object.kind === 'EndpointSlice')
        return { ...object, ports: [{ name: 'x', port: ports[name], protocol: 'TCP' }] }
      if (object.kind !== 'Service') return object
      const declared = appProtocol === '' ? {} : { appProtocol }
      const port = { name: 'x', port: 80, targetPort: ports[name], protocol: 'TCP', ...declared }
      return { ...object, spec: { clusterIP: vip, clusterIPs: [vip], selector: { app: name }, ports: [port] } }
    },
  )

const route = (kind: 'TCPRoute' | 'TLSRoute', name: string, parts: object): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  metadata: { name, namespace: NAMESPACE },
  spec: { parentRefs: [{ group: '', kind: 'Service', name: parentOf(name), port: 80 }], ...parts },
})

const parentOf = (name: string): string => name.replace(/-.*/, '')

const objects = (weights: readonly [number, number]): readonly object[] => [
  gateway,
  ...tcpService('greeting', '10.96.0.10', 'tcp'),
  ...tcpService('next', '10.96.0.11', ''),
  ...tcpService('echo', '10.96.0.12', 'tcp'),
  ...tcpService('a', '10.96.0.13', 'tls'),
  ...tcpService('b', '10.96.0.14', 'tls'),
  ...tcpService('mortal', '10.96.0.15', 'tcp'),
  route('TCPRoute', 'greeting', {
    rules: [{ backendRefs: [backend('greeting', { weight: weights[0] }), backend('next', { weight: weights[1] })] }],
  }),
  route('TLSRoute', 'a-own', { hostnames: ['a.example'], rules: [{ backendRefs: [backend('a')] }] }),
  route('TLSRoute', 'a-others', { hostnames: ['*.example'], rules: [{ backendRefs: [backend('b')] }] }),
]

/** What a server says when it speaks first, and then the end. */
const hear = async (stream: ClientHttp2Stream): Promise<string> => {
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await once(stream, 'end')
  stream.end()
  return text
}

for (const workers of workerCounts(1)) {
  describe(`TCP and TLS (${workers} workers)`, () => {
    let mesh: Mesh
    let fairway: RunningFairway
    let client: HboneClient
    const apps = new AsyncDisposableStack()

    const serve = async (name: keyof typeof ports, onSocket: (socket: Socket) => void): Promise<App<Socket>> =>
      apps.use(await serveTcp({ address: `${network}.1`, port: ports[name] }, onSocket))
    const open = async (vip: string): Promise<ClientHttp2Stream> => {
      const { status, stream } = await client.connect(`${vip}:80`)
      assert.equal(status, 200)
      return stream
    }

    before(async () => {
      await serve('greeting', (socket) => socket.end('220 one\r\n'))
      await serve('next', (socket) => socket.end('220 two\r\n'))
      await serve('echo', (socket) => void socket.pipe(socket))
      for (const name of ['a', 'b'] as const) {
        const at = { address: `${network}.1`, port: ports[name] }
        const certificate = ca.issue(name === 'a' ? ['a.example'] : ['b.example'])
        apps.use(
          await serveTls({ ...certificate, ALPNProtocols: [] }, at, (socket) => socket.end(`hello from ${name}\n`)),
        )
      }
      mesh = await createMesh(objects([9, 1]))
      const flags = ['--protocol-detection-timeout', '300ms', '--access-log', 'json', '--log-level', 'debug']
      fairway = await mesh.startFairway(workers, flags)
      client = await mesh.dial(fairway)
    })
    after(async () => {
      await mesh[Symbol.asyncDispose]()
      await apps.disposeAsync()
    })

    it('weights hold for connections, exactly', async () => {
      let next = 0
      for (let i = 0; i < 100; i++) if ((await hear(await open('10.96.0.10'))) === '220 two\r\n') next++
      assert.equal(next, 10)
    })

    it('a server that speaks first is heard on a port that declares nothing', async () => {
      assert.equal(await hear(await open('10.96.0.11')), '220 two\r\n')
    })

    it('a connection that is reset by its server, and one whose server is gone, are errors', async () => {
      const app = await serve('mortal', (socket) => socket.write('hello'))
      const stream = await open('10.96.0.15')
      await once(stream, 'data')
      for (const socket of app.sockets) socket.resetAndDestroy()
      await eventually('the reset', () => (stream.destroyed ? true : undefined))
      assert.equal(stream.rstCode, 2)
      await app[Symbol.asyncDispose]()
      const refused = await open('10.96.0.15')
      await eventually('the refusal', () => (refused.destroyed ? true : undefined))
      assert.equal(refused.rstCode, 2)
    })

    it('a connection stays where it is when its route changes', async () => {
      const stays = await open('10.96.0.12')
      stays.write('before')
      assert.equal(String((await once(stays, 'data'))[0]), 'before')
      mesh.write(objects([0, 1]))
      await eventually('the new route', async () =>
        (await hear(await open('10.96.0.10'))) === '220 two\r\n' &&
        (await hear(await open('10.96.0.10'))) === '220 two\r\n'
          ? true
          : undefined,
      )
      stays.write('behind')
      assert.equal(String((await once(stays, 'data'))[0]), 'behind')
      stays.close()
    })

    it('openssl reaches the server that it names', { skip: skipWithout('openssl', 'version') }, async () => {
      const caFile = join(mesh.dir, 'company.pem')
      writeFileSync(caFile, ca.pem)
      const carry = async (socket: Socket): Promise<void> => {
        const stream = await open('10.96.0.13')
        stream.on('error', () => socket.resetAndDestroy())
        socket.on('error', () => {})
        socket.pipe(stream).pipe(socket)
      }
      const door = createServer({ allowHalfOpen: true }, (socket) => void carry(socket))
      apps.defer(() => void door.close())
      door.listen(0, '127.0.0.1')
      await once(door, 'listening')
      const { port } = door.address() as AddressInfo
      const ask = (name: string): Promise<string> =>
        new Promise((resolve) => {
          const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-CAfile', caFile, '-servername', name, '-quiet']
          execFile('openssl', args, { timeout: 10_000 }, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`))
        })
      assert.match(await ask('a.example'), /hello from a/)
      assert.match(await ask('b.example'), /hello from b/)
      assert.doesNotMatch(await ask('elsewhere.test'), /hello/)
    })

    it('every connection has a line in the access log, and is no request', async () => {
      const lines = await eventually('the lines', () => {
        const found = fairway
          .stdout()
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line): Readonly<Record<string, unknown>> => JSON.parse(line) as Record<string, unknown>)
        // Each worker writes its own, in its own time.
        const names = new Set(found.map((line) => line['requested_server_name']))
        return names.has('a.example') && names.has('elsewhere.test') ? found : undefined
      })
      const line = lines.find((each) => each['requested_server_name'] === 'a.example')
      assert.equal(line?.['route_name'], 'TLSRoute/shop/a-own/0')
      assert.equal(line['upstream_cluster'], 'inbound-vip|80|tcp|a.shop.svc.cluster.local')
      assert.equal(line['method'], null)
      assert.equal(line['response_code'], 0)
      assert.ok(Number(line['bytes_sent']) > 100)
      const unknown = lines.find((each) => each['requested_server_name'] === 'elsewhere.test')
      assert.equal(unknown?.['response_flags'], 'NR')
      assert.match(String(unknown['connection_termination_details']), /no TLSRoute/)
      assert.equal(await fairway.metric('istio_requests_total'), 0)
      assert.ok((await fairway.metric('fairway_tcp_connections_total')) > 100)
    })

    it('100 MB each way with a reader that is slow: the same bytes, in little memory', async (t) => {
      const [pid = fairway.pid] = workers === 1 ? [] : fairway.workers()
      const stream = await open('10.96.0.12')
      const [sent, got] = [createHash('sha256'), createHash('sha256')]
      const writing = (async () => {
        for (let i = 0; i < 100; i++) {
          const piece = Buffer.alloc(MIB, i)
          sent.update(piece)
          if (!stream.write(piece)) await once(stream, 'drain')
        }
        stream.end()
      })()
      const startedKib = residentKib(pid)
      let received = 0
      let most = 0
      let mostHeld = 0
      for await (const chunk of stream) {
        got.update(chunk as Buffer)
        const seen = received
        received += (chunk as Buffer).length
        if (Math.floor(seen / MIB) === Math.floor(received / MIB)) continue
        most = Math.max(most, residentKib(pid))
        if (Math.floor(received / MIB) % 10 === 0)
          mostHeld = Math.max(mostHeld, await fairway.metric('fairway_buffered_bytes'))
      }
      await writing
      assert.equal(received, 100 * MIB)
      assert.equal(got.digest('hex'), sent.digest('hex'))
      // A window in each direction, and what one read brings beyond.
      assert.ok(mostHeld <= 3 * 256 * 1024, `${mostHeld} bytes were held`)
      assert.ok(most - startedKib < 64 * 1024, `grew from ${startedKib} to ${most} KiB`)
      t.diagnostic(`held at most ${mostHeld} bytes, grew from ${startedKib} to ${most} KiB`)
    })

    it('draining leaves connections alone until its deadline', async () => {
      const stream = await open('10.96.0.12')
      stream.write('x')
      await once(stream, 'data')
      fairway.kill('SIGTERM')
      await eventually('the end of new ones', () => (client.isOpen ? undefined : true))
      stream.write('y')
      assert.equal(String((await once(stream, 'data'))[0]), 'y')
      stream.end()
      await once(stream, 'end')
      assert.equal((await fairway.ended).code, 0)
    })
  })
}

const residentKib = (pid: number): number => {
  const [, kib = '0'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib)
}
