/** What asks for another protocol, and gets it or not; nothing that hoped for it may be taken for HTTP. */
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { Mesh, until } from '../../test/support/mesh/mesh.ts'
import type { PodOptions } from '../../test/support/mesh/pod.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const answering = async (answer: string): Promise<Mesh> => {
  const onRequest: PodOptions['onRequest'] = (tunnel) => tunnel.write(answer)
  mesh = await Mesh.start({ pods: [{ onRequest }] })
  return mesh
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
const UPGRADE = 'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n'

test('CONNECT is refused, and what was sent behind it in the hope of a tunnel is not read as requests', async () => {
  await answering(OK)
  const tunnel = await mesh.tunnel()
  tunnel.write('CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\nGET /admin HTTP/1.1\r\nhost: api\r\n\r\n', 'CONNECT')
  const { head } = await tunnel.answer()
  assert.equal(head.status, 405)
  assert.equal(head.headers.get('connection'), 'close')
  assert.equal(await tunnel.ended, 'end')
  assert.equal(mesh.pod.requests, 0)
  assert.equal(mesh.records.length, 1)
})

test('an upgrade is not offered on: the pod gets an ordinary request, and the tunnel goes on', async () => {
  await answering(OK)
  const tunnel = await mesh.tunnel()
  const answer = await tunnel.get('/chat', UPGRADE)
  assert.equal(answer.head.status, 200)
  const names = [...(mesh.pod.tunnels[0]?.requests[0]?.head.headers ?? [])].map(([name]) => name)
  assert.deepEqual(
    names.filter((name) => ['connection', 'upgrade', 'http2-settings'].includes(name)),
    [],
  )
  assert.equal((await tunnel.get('/again')).head.status, 200)
})

test('frames sent behind an upgrade that did not come are no request: 400 after the answer, and the end', async () => {
  await answering(OK)
  const tunnel = await mesh.tunnel()
  tunnel.write(`GET /chat HTTP/1.1\r\nhost: api\r\n${UPGRADE}\r\n`, 'GET')
  tunnel.write(Buffer.from([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f]), 'GET')
  assert.equal((await tunnel.answer()).head.status, 200)
  assert.equal((await tunnel.answer()).head.status, 400)
  assert.equal(await tunnel.ended, 'end')
  assert.equal(mesh.pod.requests, 1)
})

test('a pod that switches all the same is a broken upstream: 502, and its bytes reach nobody', async () => {
  await answering(
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  )
  const tunnel = await mesh.tunnel()
  const answer = await tunnel.get('/chat', UPGRADE)
  assert.equal(answer.head.status, 502)
  assert.doesNotMatch(answer.body.toString(), /HTTP/)
  assert.equal((await mesh.record(1)).status, 502)
})

test('a pod that switches to it does not say what is a broken upstream: 502, and no fault of a filter', async () => {
  await answering('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\r\n')
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get('/chat', 'connection: upgrade\r\nupgrade: websocket\r\n')).head.status, 502)
  assert.equal((await mesh.record(1)).flags, 'UPE')
  assert.equal(mesh.counters.filterErrors, 0)
})

test('what was switched to ends as it is ended: one direction first, and the other goes on', async () => {
  await answering('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello')
  const tunnel = await mesh.tunnel()
  tunnel.write('GET / HTTP/1.1\r\nhost: api\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 'GET')
  await until(() => tunnel.received > 0 && mesh.pod.tunnels.length === 1)
  const [switched] = mesh.pod.tunnels
  assert.ok(switched)
  switched.isStubborn = true
  tunnel.channel.end()
  await until(() => switched.end === 'end', 'the end of the client')
  const { received } = tunnel
  switched.write('and bye')
  await until(() => tunnel.received === received + 7)
  switched.finish()
  assert.equal(await tunnel.ended, 'end')
  assert.deepEqual([(await mesh.record(1)).flags, mesh.records[0]?.status], ['-', 101])
})
