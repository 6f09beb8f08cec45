import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { backendOf } from '../../../test/support/models.ts'
import { Mesh, until } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions } from '../../../test/support/mesh/pod.ts'
import { arrivals } from '../../../test/support/turns.ts'
import { formatEndpointKey } from '../../model/endpoint.ts'
import type { Mirror, Rule } from '../../model/route.ts'

let mesh: Mesh
afterEach(() => mesh.close())

const OK = 'HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\nok'
const mirrorTo = (name: string, numerator = 1, denominator = 1): Mirror => {
  const { service, endpoints } = backendOf(name)
  return { service, endpoints, numerator, denominator, origin: 'the test' }
}
/** Requests go to the first pod, copies to the second. */
const start = async (shadow: Partial<PodOptions> = {}, rule: Partial<Rule> = { mirrors: [mirrorTo('shadow')] }) => {
  mesh = await Mesh.start({ pods: [{}, shadow], rule })
  const [main, copy] = mesh.pods
  assert.ok(main !== undefined && copy !== undefined)
  mesh.apply(
    mesh.model({
      endpoints: [
        { key: formatEndpointKey('shop', 'api', 80), endpoints: [mesh.endpoint(main.options.address)] },
        { key: formatEndpointKey('shop', 'shadow', 80), endpoints: [mesh.endpoint(copy.options.address)] },
      ],
    }),
  )
  return { main, copy }
}

describe('a mirror', () => {
  it('gets the request as it is, and nobody sees its answer', async () => {
    const { main, copy } = await start({
      onRequest: (tunnel) => void tunnel.write('HTTP/1.1 500 X\r\ncontent-length: 3\r\n\r\nbad'),
    })
    const tunnel = await mesh.tunnel()
    const { head } = await tunnel.request('POST', '/a?b=c', 'content-length: 5\r\nx-a: b\r\n', 'hello')
    assert.equal(head.status, 200)
    await until(() => copy.requests === 1)
    const [sent, copied] = [main, copy].map((pod) => pod.tunnels[0]?.requests[0])
    assert.deepEqual([copied?.head.method, copied?.head.target, String(copied?.body)], ['POST', '/a?b=c', 'hello'])
    assert.deepEqual(copied?.head.headers.fields, sent?.head.headers.fields)
    await until(() => mesh.counters.openMirrors === 0)
    const { attempts, flags } = await mesh.record(1)
    assert.deepEqual([attempts, flags, mesh.counters.mirrorsTotal, mesh.counters.mirrorsDropped], [1, '-', 1, 0])
  })

  it('gets a share of the requests', async () => {
    const { copy } = await start({}, { mirrors: [mirrorTo('shadow', 30, 100)] })
    const tunnel = await mesh.tunnel()
    for (let i = 0; i < 400; i++) await tunnel.get()
    await until(() => mesh.counters.openMirrors === 0)
    // Six standard deviations.
    assert.ok(Math.abs(copy.requests - 120) < 55, `${copy.requests} of 400`)
  })

  it('may be one of several, on the rule and on its backend', async () => {
    const backend = { ...backendOf('api'), mirrors: [mirrorTo('shadow')] }
    const { copy } = await start({}, { mirrors: [mirrorTo('shadow'), mirrorTo('nobody')], backends: [backend] })
    await (await mesh.tunnel()).get()
    await until(() => copy.requests === 2)
    assert.equal(mesh.counters.mirrorsDropped, 1)
  })

  it('gets no copy of what is answered here', async () => {
    const { copy } = await start({}, { mirrors: [mirrorTo('shadow')], backends: [] })
    assert.equal((await (await mesh.tunnel()).get()).head.status, 500)
    await arrivals()
    assert.equal(copy.requests, 0)
  })

  it('that never answers CONNECT, and so takes no body, is given up, and the request is whole', async () => {
    const { main, copy } = await start({ onConnect: () => undefined })
    const tunnel = await mesh.tunnel()
    const body = 'x'.repeat(400_000)
    const { head } = await tunnel.request('POST', '/', `content-length: ${body.length}\r\n`, body)
    assert.equal(head.status, 200)
    assert.equal(main.tunnels[0]?.requests[0]?.bodyBytes, body.length)
    await until(() => mesh.counters.openMirrors === 0)
    assert.deepEqual([copy.requests, mesh.counters.mirrorsDropped], [0, 1])
  })

  it('that is gone costs the request nothing', async () => {
    const { copy } = await start({ onRequest: (tunnel) => tunnel.reset(2) })
    const tunnel = await mesh.tunnel()
    for (let i = 0; i < 3; i++) assert.equal((await tunnel.get()).head.status, 200)
    await until(() => mesh.counters.mirrorsDropped === 3)
    assert.equal(copy.requests, 3)
  })

  it('of a request whose client goes away in the middle is ended', async () => {
    const { copy } = await start()
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nhello', 'POST')
    await until(() => copy.tunnels.length === 1 && copy.bytes > 0)
    tunnel.channel.abort()
    await until(() => mesh.counters.openMirrors === 0)
    assert.equal(copy.requests, 0)
  })

  it('gets nothing of a request that no endpoint takes', async () => {
    const { copy } = await start()
    mesh.apply(
      mesh.model({
        endpoints: [
          { key: formatEndpointKey('shop', 'api', 80), endpoints: [] },
          { key: formatEndpointKey('shop', 'shadow', 80), endpoints: [mesh.endpoint(copy.options.address)] },
        ],
      }),
    )
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ntransfer-encoding: chunked\r\n\r\n', 'POST')
    assert.equal((await tunnel.answer()).head.status, 503)
    tunnel.write('5\r\nhello\r\n0\r\n\r\n')
    await arrivals()
    // It got a copy without the body once, and with an end that made it look whole.
    assert.deepEqual([copy.requests, mesh.counters.mirrorsTotal, mesh.counters.openMirrors], [0, 0, 0])
  })

  it('of a request that was answered before all of it came is ended', async () => {
    mesh = await Mesh.start({
      pods: [{ onHead: (tunnel) => void tunnel.write('HTTP/1.1 413 X\r\ncontent-length: 0\r\n\r\n') }, {}],
      rule: { mirrors: [mirrorTo('shadow')] },
    })
    const [main, copy] = mesh.pods
    assert.ok(main !== undefined && copy !== undefined)
    mesh.apply(
      mesh.model({
        endpoints: [
          { key: formatEndpointKey('shop', 'api', 80), endpoints: [mesh.endpoint(main.options.address)] },
          { key: formatEndpointKey('shop', 'shadow', 80), endpoints: [mesh.endpoint(copy.options.address)] },
        ],
      }),
    )
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\nhello', 'POST')
    assert.equal((await tunnel.answer()).head.status, 413)
    await until(() => mesh.counters.openMirrors === 0)
    assert.deepEqual([copy.requests, mesh.counters.mirrorsDropped], [0, 1])
  })

  it('gets chunks and trailers as they come', async () => {
    const { copy } = await start()
    const tunnel = await mesh.tunnel()
    tunnel.write('POST / HTTP/1.1\r\nhost: api\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n', 'POST')
    await arrivals()
    tunnel.write('6\r\n world\r\n0\r\nx-sum: 1\r\n\r\n')
    assert.equal((await tunnel.answer()).head.status, 200)
    await until(() => copy.requests === 1)
    const copied = copy.tunnels[0]?.requests[0]
    assert.deepEqual([String(copied?.body), copied?.trailers?.get('x-sum')], ['hello world', '1'])
  })
})

it('a copy never waits for the response of the request, nor the other way round', async () => {
  const { main, copy } = await start({ onRequest: (tunnel) => setTimeout(() => tunnel.write(OK), 20) })
  const tunnel = await mesh.tunnel()
  await tunnel.get()
  await tunnel.get()
  assert.equal(main.requests, 2)
  await until(() => copy.requests === 2 && mesh.counters.openMirrors === 0)
})
