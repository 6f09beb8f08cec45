import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { openTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import type { ClientTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { Mesh, VIP, until } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions, PodRequest, PodTunnel } from '../../../test/support/mesh/pod.ts'
import { backendOf } from '../../../test/support/models.ts'
import { seededRandom } from '../../../test/support/random.ts'
import { arrivals, createSoon, turn } from '../../../test/support/turns.ts'
import { INTERNAL_ERROR, REFUSED_STREAM } from '../../http/h2/constants.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'

/** Whatever a pod or a client saw that nobody may see. */
type Complain = (what: string) => void

const filled = (id: string, bytes: number): string => `${id},`.repeat(bytes).slice(0, bytes)

/** One run of chance: pods and clients that do what they like, each message marked with the request it belongs to. */
const createParties = (seed: number, complain: Complain) => {
  const random = seededRandom(seed)
  const { below, chance, pick } = random
  let requests = 0
  const soon = createSoon(random)

  const check = ({ head, body, trailers }: PodRequest): void => {
    const id = head.headers.get('x-id') ?? ''
    const isWhole = String(body) === filled(id, Number(head.headers.get('x-bytes')))
    const hasTrailer = head.headers.get('x-chunked') === undefined || trailers?.get('x-sum') === id
    if (!isWhole || !hasTrailer) complain(`a pod got ${id} with another body`)
  }
  const answer = async (tunnel: PodTunnel, { method, headers }: PodRequest['head']): Promise<void> => {
    const mark = `x-id: ${headers.get('x-id')}\r\n`
    const body = filled(headers.get('x-id') ?? '', pick([0, 5, 3000, 200_000]))
    await soon()
    if (chance(0.1)) tunnel.write('HTTP/1.1 103 X\r\n\r\n')
    switch (below(12)) {
      case 0:
        return tunnel.reset(pick([INTERNAL_ERROR, REFUSED_STREAM]))
      case 1:
        return tunnel.finish()
      case 2: // Never.
        return
      case 3:
        return void tunnel.write(`HTTP/1.1 200 X\r\n${mark}content-length: 10\r\n\r\nshort`)
      case 4:
        return void tunnel.write('nonsense\r\n\r\n')
      case 5:
        tunnel.write(`HTTP/1.1 200 X\r\n${mark}\r\n${method === 'HEAD' ? '' : body}`)
        return tunnel.finish()
      case 6:
        return void tunnel.write(`HTTP/1.1 ${pick([204, 304])} X\r\n${mark}\r\n`)
      case 7:
      case 8:
      case 9:
        return void tunnel.write(`HTTP/1.1 503 X\r\n${mark}content-length: 3\r\n\r\n${method === 'HEAD' ? '' : 'no\n'}`)
      default: {
        tunnel.write(`HTTP/1.1 200 X\r\n${mark}x-bytes: ${body.length}\r\ncontent-length: ${body.length}\r\n\r\n`)
        if (method !== 'HEAD') tunnel.write(body)
      }
    }
  }
  const answered = new WeakSet<PodTunnel>()
  const pod: Partial<PodOptions> = {
    onConnect: () => (chance(0.97) ? 200 : chance(0.5) ? 503 : undefined),
    onHead: (tunnel, { bodyLength, headers, expectsContinue }) => {
      if (bodyLength === 0 || chance(0.8)) return void (expectsContinue && tunnel.write('HTTP/1.1 100 X\r\n\r\n'))
      answered.add(tunnel)
      tunnel.isReading = chance(0.5)
      tunnel.write(`HTTP/1.1 ${pick([413, 503])} X\r\nx-id: ${headers.get('x-id')}\r\ncontent-length: 2\r\n\r\nno`)
    },
    onRequest: (tunnel, request) => {
      check(request)
      if (!answered.delete(tunnel)) void answer(tunnel, request.head)
    },
  }

  const send = async (tunnel: ClientTunnel, id: string): Promise<boolean> => {
    const method = pick(['GET', 'HEAD', 'POST', 'PUT', 'POST'])
    const bytes = method.startsWith('P') ? pick([0, 3, 5000, 60_000, 300_000]) : 0
    const isChunked = bytes > 0 && chance(0.5)
    const framing = isChunked ? 'x-chunked: 1\r\ntransfer-encoding: chunked' : `content-length: ${bytes}`
    const more = chance(0.1) && bytes > 0 ? 'expect: 100-continue\r\n' : ''
    const head = `x-id: ${id}\r\nx-bytes: ${bytes}\r\n${more}${framing}`
    tunnel.write(`${method} / HTTP/1.1\r\nhost: api\r\n${head}\r\n\r\n`, method)
    const body = filled(id, bytes)
    const step = pick([2000, 20_000, 500_000])
    for (let at = 0; at < bytes; at += step) {
      const piece = body.slice(at, at + step)
      tunnel.write(isChunked ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece)
      if (chance(0.2)) await soon()
      if (chance(0.02)) return false
    }
    if (isChunked) tunnel.write(`0\r\nx-sum: ${id}\r\n\r\n`)
    await soon()
    return chance(0.95)
  }
  const client = async (tunnel: ClientTunnel): Promise<void> => {
    const ended = tunnel.ended.then(() => undefined)
    for (let left = 6; left > 0; left--) {
      const id = `r${++requests}`
      tunnel.isReading = chance(0.8)
      if (!(await send(tunnel, id))) return tunnel.channel.abort()
      if (!tunnel.isReading) tunnel.readOn()
      const got = await Promise.race([tunnel.answer(), ended])
      if (got === undefined) return
      const { headers } = got.head
      const bytes = headers.get('x-bytes')
      const isWhole = bytes === undefined || got.body.length === Number(bytes) || got.body.length === 0
      if ((headers.get('x-id') ?? id) !== id || !isWhole) complain(`${id} got the answer to ${headers.get('x-id')}`)
    }
    tunnel.channel.end()
  }
  return { pod, client, below, chance }
}

let mesh: Mesh
afterEach(() => mesh.close())

for (const seed of [1, 2, 3, 4]) {
  test(`retries, timeouts and copies in any mix leave nothing behind and confuse no two requests (${seed})`, async () => {
    const complaints: string[] = []
    const { pod, client, below, chance } = createParties(seed, (what) => void complaints.push(what))
    const { service, endpoints } = backendOf('shadow')
    const clock = createFakeClock()
    mesh = await Mesh.start({
      clock,
      pods: [pod, pod, pod],
      rule: {
        timeouts: { requestMs: 1500, backendRequestMs: 400 },
        mirrors: [{ service, endpoints, numerator: 1, denominator: 2, origin: 'test' }],
        ...(seed === 1 ? {} : { retry: { codes: [503], attempts: 3, backoffMs: seed === 2 ? 0 : 20 } }),
      },
    })
    const [shadow, ...others] = mesh.pods.map(({ options }) => mesh.endpoint(options.address))
    assert.ok(shadow)
    const put = (count: number): void =>
      mesh.apply(
        mesh.model({
          endpoints: [
            { key: formatEndpointKey('shop', 'api', 80), endpoints: others.slice(0, count) },
            { key: formatEndpointKey('shop', 'shadow', 80), endpoints: [shadow] },
          ],
        }),
      )
    put(2)
    const timers = clock.pending()
    const connection = await mesh.dial()
    const run = { isOver: false }
    const time = async (): Promise<void> => {
      for (; !run.isOver; await turn()) {
        clock.advance(below(6))
        if (chance(0.01)) put(below(3))
      }
    }
    const clients = Array.from({ length: 40 }, async () => client(await openTunnel(connection, VIP)))
    const passing = time()
    await Promise.all(clients)
    connection.retire()
    await until(() => mesh.counters.openTunnels === 0, 'the tunnels to end')
    await until(() => mesh.counters.openMirrors === 0, 'the copies to end')
    run.isOver = true
    await passing
    // Idle sessions go after half a minute, those that were closed politely five seconds later.
    for (let second = 0; second < 60; second++) {
      clock.advance(1000)
      await arrivals(4)
    }
    const tunnels = mesh.pods.flatMap(({ connections }) => connections).map(({ openStreams }) => openStreams)
    assert.equal(Math.max(0, ...tunnels), 0, 'tunnels that nobody uses')
    assert.equal(clock.pending(), timers, 'timers')
    assert.deepEqual(complaints, [])
    assert.equal(new Set(mesh.records).size, mesh.records.length)
    for (const { status, flags, attempts, tries } of mesh.records) {
      assert.ok(status > 0 || flags === 'DC', flags)
      assert.ok(attempts <= 4 && tries.length <= attempts, `${attempts} tries`)
    }
    assert.deepEqual(
      mesh.logs.filter((line) => line.includes('"level":"error"')),
      [],
    )
  })
}
