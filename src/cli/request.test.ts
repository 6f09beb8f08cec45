import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { createTerminal } from '../../test/support/terminal.ts'
import { createDevCa } from '../identity/ca/dev-ca.ts'
import { systemClock } from '../lib/clock.ts'
import { decodeIdentity, stateDir } from './client-credentials.ts'
import { startPod } from './demo/pod.ts'
import { runProgram } from './program.ts'
import { requestVerb } from './request.ts'

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

interface Place {
  readonly cwd: string
  /** Port of an HBONE server that answers what `startPod` answers, for the authority 127.0.0.1:8080. */
  readonly port: number
  readonly run: (...args: readonly string[]) => Promise<Outcome>
}

const createPlace = async (context: TestContext): Promise<Place> => {
  const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'fairway-cli-'))
  context.after(() => fs.rmSync(cwd, { recursive: true, force: true }))
  const ca = await createDevCa({ dir: stateDir(cwd), trustDomain: 'cluster.local', clock: systemClock })
  const pod = await startPod({
    name: 'api-1',
    service: 'api',
    address: '127.0.0.1',
    credentials: await ca.issue(decodeIdentity('demo/waypoint')),
    trustDomains: ['cluster.local'],
    hbonePort: 0,
  })
  context.after(() => pod.close())
  return { cwd, port: pod.hbonePort, run: (...args) => runRequest(cwd, args) }
}

const runRequest = async (cwd: string, args: readonly string[]): Promise<Outcome> => {
  const terminal = createTerminal({ cwd })
  const verbs = [{ name: 'request', summary: '', load: async () => requestVerb }]
  const code = await runProgram({ version: '', verbs }, ['request', ...args], terminal)
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() }
}

const via = (port: number): readonly string[] => ['--via', `127.0.0.1:${port}`]

test('the body goes to stdout, and nothing is said beside it', async (context) => {
  const { port, run } = await createPlace(context)
  const { code, stdout, stderr } = await run('http://127.0.0.1:8080/a/b?c=d', ...via(port))
  assert.equal(stderr, '')
  assert.equal(code, 0)
  const answer = JSON.parse(stdout)
  assert.deepEqual([answer.method, answer.path], ['GET', '/a/b?c=d'])
  assert.deepEqual(answer.headers, { host: '127.0.0.1:8080', 'user-agent': 'fairway-request', accept: '*/*' })
})

test('method, headers, body and the called address are as given', async (context) => {
  const { cwd, port, run } = await createPlace(context)
  fs.writeFileSync(path.join(cwd, 'body.json'), '{"n":1}')
  const headers = ['-H', 'X-Twice: 1', '-H', 'x-twice: 2', '-H', 'User-Agent: mine', '-H', 'host: other']
  const to = ['--to', '127.0.0.1:8080', '-d', '@body.json']
  const { code, stdout, stderr } = await run('api.shop/x', ...via(port), ...headers, ...to)
  assert.equal(code, 0, stderr)
  const answer = JSON.parse(stdout)
  assert.equal(answer.method, 'POST')
  assert.deepEqual(answer.headers, {
    host: 'other',
    'user-agent': 'mine',
    accept: '*/*',
    'x-twice': '2',
    'content-length': '7',
  })
})

test('-v tells who was met, what was agreed and what was sent, on stderr', async (context) => {
  const { port, run } = await createPlace(context)
  const { stdout, stderr } = await run('http://127.0.0.1:8080/', ...via(port), '-v', '--from', 'shop/web')
  assert.match(stdout, /^\{"service":"api"/)
  for (const line of [
    /^\* we are spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web, /m,
    /^\* TLSv1\.3, TLS_AES_256_GCM_SHA384.*, ALPN h2, both certificates checked, in [\d.]+ ms$/m,
    /^\* the waypoint is spiffe:\/\/cluster\.local\/ns\/demo\/sa\/waypoint, /m,
    /^\* CONNECT 127\.0\.0\.1:8080 was answered 200 in /m,
    /^> GET \/ HTTP\/1\.1\n> host: 127\.0\.0\.1:8080\n/m,
    /^< HTTP\/1\.1 200 OK\n< content-type: application\/json\n/m,
    /^\* head after [\d.]+ ms, \d+ bytes of body, complete after /m,
  ]) {
    assert.match(stderr, line)
  }
  assert.ok(!stderr.includes('\x1b'), 'no colours without a terminal')
})

test('a refused CONNECT is a failure with its status and what to do', async (context) => {
  const { port, run } = await createPlace(context)
  const { code, stdout, stderr } = await run('http://10.96.0.10/', ...via(port))
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^fairway request: CONNECT 10\.96\.0\.10:80 was answered 400\n {2}the authority must be /)
})

test('a server that is not of our root is not talked to', async (context) => {
  const { port } = await createPlace(context)
  const elsewhere = await createPlace(context)
  const { code, stderr } = await elsewhere.run('http://127.0.0.1:8080/', ...via(port))
  assert.equal(code, 1)
  assert.match(
    stderr,
    /the certificate of 127\.0\.0\.1:\d+ is not trusted: .*\n {2}both sides need certificates of the same root/,
  )
})

test('an identity of a foreign trust domain is told that it may not be trusted', async (context) => {
  const { port, run } = await createPlace(context)
  const { code, stderr } = await run('http://127.0.0.1:8080/', ...via(port), '--from', 'td.example/shop/web')
  assert.equal(code, 1)
  assert.match(
    stderr,
    /closed the connection during or right after the handshake\n {2}it may not trust our trust domain/,
  )
})

test('a port where nobody listens, and one that speaks no TLS, are told apart', async (context) => {
  const { run } = await createPlace(context)
  const server = net.createServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end('hello, I am no waypoint\n'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const plain = await run('http://127.0.0.1:8080/', ...via(port))
  await new Promise((resolve) => server.close(resolve))
  const nobody = await run('http://127.0.0.1:8080/', ...via(port))
  assert.deepEqual([plain.code, nobody.code], [1, 1])
  assert.match(plain.stderr, /TLS with 127\.0\.0\.1:\d+ failed: .*\n {2}is that port the HBONE port/)
  assert.match(nobody.stderr, /nothing listens at 127\.0\.0\.1:\d+\n {2}is the waypoint running there\?/)
})

test('a peer that never answers is given up after --max-time', async (context) => {
  const { run } = await createPlace(context)
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as net.AddressInfo
  const { code, stderr } = await run('http://127.0.0.1:8080/', ...via(port), '--max-time', '1')
  assert.equal(code, 1)
  assert.match(stderr, /did not complete TCP, TLS and SETTINGS in time/)
})

const wrongUsage: readonly { readonly args: readonly string[]; readonly code: number; readonly message: RegExp }[] = [
  { args: [], code: 64, message: /the URL is missing/ },
  { args: ['https://api/'], code: 64, message: /https inside the tunnel is not supported/ },
  { args: ['ftp://api/'], code: 64, message: /is not an http URL/ },
  { args: ['http://'], code: 64, message: /is not an http URL/ },
  { args: ['http://u:p@api/'], code: 64, message: /holds a user name or password\n {2}send them as a header/ },
  { args: ['http://api/', '-H', 'nocolon'], code: 64, message: /is not of the form 'NAME: VALUE'/ },
  { args: ['http://api/', '--to', 'api:x'], code: 64, message: /--to "api:x" is not of the form/ },
  { args: ['http://api/', '--max-time', '0'], code: 64, message: /--max-time "0" is not a whole number/ },
  { args: ['http://api/', '-d', '@missing'], code: 65, message: /cannot read the body from \/.*missing: ENOENT/ },
]
for (const { args, code, message } of wrongUsage) {
  test(`refused before anything is dialled: ${args.join(' ')}`, async (context) => {
    const cwd = fs.mkdtempSync(path.join(os.tmpdir(), 'fairway-cli-'))
    context.after(() => fs.rmSync(cwd, { recursive: true, force: true }))
    const outcome = await runRequest(cwd, args)
    assert.deepEqual([outcome.code, outcome.stdout], [code, ''])
    assert.match(outcome.stderr, message)
  })
}
