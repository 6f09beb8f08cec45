import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { Mesh, until, type MeshOptions } from '../../../test/support/mesh/mesh.ts'
import type { PodOptions, PodTunnel } from '../../../test/support/mesh/pod.ts'
import type { Filter, FilterDefinition, FilterEnv, ForwardedAnswer } from '../../filter/index.ts'
import { INTERNAL_ERROR } from '../../http/h2/constants.ts'
import { anything } from '../../lib/schema.ts'

let mesh: Mesh
afterEach(() => mesh.close())

type Make = (env: FilterEnv) => Filter

/** A mesh whose rule has these filters. */
const start = async (
  makes: readonly Make[],
  pod: Partial<PodOptions> = {},
  options: MeshOptions = {},
): Promise<void> => {
  const filters = makes.map((make, index): FilterDefinition => ({
    kind: `F${index}`,
    stage: 'shape',
    config: anything(),
    create: (_, env) => make(env),
  }))
  const rule = { ...options.rule, filters: filters.map(({ kind }) => ({ kind, config: {}, origin: kind })) }
  mesh = await Mesh.start({ filters, ...options, rule, pods: [pod] })
}

const read = async ({ body }: ForwardedAnswer): Promise<string> => {
  let text = ''
  for await (const piece of body) text += String(Buffer.from(piece))
  return text
}

const HELLO: Partial<PodOptions> = {
  onRequest: (tunnel) => void tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\netag: "1"\r\n\r\nhello'),
}

describe('a request that a filter sends on', () => {
  it('passes the filters behind it, and its answer comes back through them', async () => {
    const seen: string[] = []
    const before: Make = () => ({ onRequest: () => void seen.push('before'), onResponse: () => void seen.push('out') })
    const asking: Make = (env) => ({
      onRequest: async (exchange) => {
        const answer = await env.forward(exchange, { change: ({ headers }) => headers.set('x-copy', '1') })
        const { status, length, details, headers } = answer
        const text = `${status} ${length} ${details} ${headers.get('x-behind')} ${await read(answer)}`
        return env.reply(200, { body: text, reason: 'asked' })
      },
    })
    const behind: Make = () => ({
      onRequest: ({ request, match }) => void seen.push(`behind ${request.headers.get('x-copy')} ${match?.rule}`),
      onResponse: ({ response }) => response?.headers.set('x-behind', 'yes'),
    })
    await start([before, asking, behind], HELLO)
    const { head, body } = await (await mesh.tunnel()).get('/a?b')
    assert.equal(String(body), '200 5 via_upstream yes hello')
    assert.equal(head.headers.get('x-behind'), 'yes', 'of the reply, which passes the rest of its part as any')
    const { details, attempts, route, backend } = await mesh.record(1)
    assert.deepEqual([details, attempts, backend?.name], ['asked', 1, 'api'])
    assert.ok(route !== undefined)
    assert.match(seen.join(','), /^before,behind 1 [^,]+,out$/)
    assert.equal(mesh.records.length, 1, 'nobody hears of it as of a request')
    assert.equal(mesh.counters.activeExchanges, 0)
  })

  it('goes on when the client has its answer already', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const asking: Make = (env) => ({
      onRequest: (exchange) => {
        void env.forward(exchange).then(read).then(resolve)
        return env.reply(200, { body: 'stale' })
      },
    })
    await start([asking], HELLO)
    assert.equal(String((await (await mesh.tunnel()).get()).body), 'stale')
    assert.equal(await promise, 'hello')
    await until(() => mesh.counters.activeExchanges === 0)
    assert.equal((await mesh.record(1)).attempts, 0)
  })

  it('that gets no answer has what the client would have been told', async () => {
    const asking: Make = (env) => ({
      onRequest: async (exchange) => {
        const answer = await env.forward(exchange)
        return env.reply(answer.status, { body: `${answer.flags} ${await read(answer)}` })
      },
    })
    await start([asking], { onRequest: (tunnel) => tunnel.reset(INTERNAL_ERROR) })
    const { head, body } = await (await mesh.tunnel()).get()
    assert.deepEqual([head.status, String(body)], [503, 'UC upstream connection lost\n'])
    assert.equal(mesh.counters.activeExchanges, 0)
  })

  it('has a body that comes as it is read, and is passed on as a reply', async () => {
    const bytes = 8 << 20
    const asking: Make = (env) => ({
      onRequest: async (exchange) => {
        const { status, body, length } = await env.forward(exchange)
        return env.reply(status, { body, ...(length === undefined ? {} : { length }) })
      },
    })
    await start([asking], {
      onRequest: (tunnel) => {
        tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
        void tunnel.download(bytes)
      },
    })
    const tunnel = await mesh.tunnel()
    tunnel.isReading = false
    tunnel.write('GET / HTTP/1.1\r\nhost: api\r\n\r\n', 'GET')
    await until(() => (mesh.pod.tunnels[0]?.stream.queuedBytes ?? 0) > 0 && tunnel.unread > 0)
    assert.ok(tunnel.received < bytes / 4)
    tunnel.readOn()
    const { head, body } = await tunnel.answer()
    assert.deepEqual([head.headers.get('content-length'), body.length], [String(bytes), bytes])
    await until(() => mesh.counters.activeExchanges === 0)
  })

  const half: Partial<PodOptions> = {
    onRequest: (tunnel) => void tunnel.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'),
  }

  it('breaks off when nobody wants its body any more, and with its connection', async () => {
    const failures: string[] = []
    const asking: Make = (env) => ({
      onRequest: async (exchange) => {
        const left = await env.forward(exchange)
        for await (const _ of left.body) break
        const broken = await env.forward(exchange)
        setImmediate(() => mesh.pod.tunnels.at(-1)?.reset(INTERNAL_ERROR))
        await read(broken).catch((error: Error & { code?: string }) => failures.push(error.code ?? ''))
        return env.reply(200)
      },
    })
    await start([asking], half)
    assert.equal((await (await mesh.tunnel()).get()).head.status, 200)
    assert.deepEqual(failures, ['ECONNRESET'])
    assert.equal(mesh.counters.activeExchanges, 0)
  })

  it('has a time of its own, and ends with its filter', async () => {
    const clock = createFakeClock()
    const codes: string[] = []
    const asking: Make = (env) => ({
      onRequest: async (exchange) => {
        const note = (error: Error & { code?: string }): void => void codes.push(error.code ?? '')
        await env.forward(exchange, { timeoutMs: 500 }).catch(note)
        return env.reply(200)
      },
    })
    const requests: PodTunnel[] = []
    await start([asking], { onRequest: (tunnel) => void requests.push(tunnel) }, { clock })
    const tunnel = await mesh.tunnel()
    const answer = tunnel.get()
    await until(() => mesh.pod.requests === 1)
    clock.advance(500)
    assert.equal((await answer).head.status, 200)
    assert.deepEqual(codes, ['ETIMEDOUT'])
    const unread = tunnel.get()
    await until(() => mesh.pod.requests === 2)
    requests[1]?.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello')
    assert.equal((await unread).head.status, 200)
    assert.equal(mesh.counters.activeExchanges, 1)
    clock.advance(500)
    assert.equal(mesh.counters.activeExchanges, 0)
  })

  it('cannot be one with a body, nor be sent when there is an answer', async () => {
    const codes: string[] = []
    const note = (error: Error & { code?: string }): void => void codes.push(error.code ?? '')
    const asking: Make = (env) => ({
      onRequest: async (exchange) => {
        if (exchange.request.method === 'POST') await env.forward(exchange).catch(note)
        await env.forward({ ...exchange }).catch(note)
        await env.forward(exchange, { timeoutMs: 0 }).catch(note)
      },
      onResponse: async (exchange) => void (await env.forward(exchange).catch(note)),
    })
    await start([asking], HELLO)
    const tunnel = await mesh.tunnel()
    await tunnel.get()
    assert.deepEqual(codes.splice(0), ['EINVAL', 'EINVAL', 'ECLOSED'])
    await tunnel.request('POST', '/', 'content-length: 2\r\n', 'hi')
    assert.deepEqual(codes, ['EINVAL', 'EINVAL', 'EINVAL', 'ECLOSED'])
  })
})
