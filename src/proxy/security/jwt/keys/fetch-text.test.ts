import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { createFakeClock } from '../../../../../test/support/fake-clock.ts'
import { systemClock } from '../../../../lib/clock.ts'
import { fetchKeys } from './fetch-keys.ts'
import { createFetchText, type FetchText } from './fetch-text.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const listen = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

const { signal } = new AbortController()
const limits = { timeoutMs: 5000, signal }
const fetchText = createFetchText(systemClock)

describe('a text', () => {
  it('comes with how long it may be kept', async () => {
    const url = await listen((request, response) => {
      assert.equal(request.headers.accept, 'application/json')
      response.setHeader('cache-control', 'public, max-age=90').end('{"keys":[]}')
    })
    assert.deepEqual(await fetchText(url, limits), { text: '{"keys":[]}', maxAgeMs: 90_000 })
  })

  const ages: readonly (readonly [header: string, maxAgeMs: number | undefined])[] = [
    ['no-store', 0],
    ['no-cache, max-age=90', 0],
    ['max-age="5"', 5000],
    ['s-maxage=5', undefined],
    ['x-max-age=5', undefined],
    ['private', undefined],
  ]
  for (const [header, maxAgeMs] of ages) {
    it(`with ${header} may be kept for ${maxAgeMs ?? 'as long as usual'}`, async () => {
      const url = await listen((_, response) => response.setHeader('cache-control', header).end('x'))
      assert.equal((await fetchText(url, limits)).maxAgeMs, maxAgeMs)
    })
  }

  it('is got from where a redirect leads', async () => {
    const url = await listen((request, response) => {
      if (request.url === '/new') response.end('there')
      else response.writeHead(302, { location: '/new' }).end()
    })
    assert.equal((await fetchText(url, limits)).text, 'there')
  })

  it('may be in pieces, cut inside of a character', async () => {
    const [first, second] = [Buffer.from('"é"').subarray(0, 2), Buffer.from('"é"').subarray(2)]
    const url = await listen((_, response) => {
      response.write(first)
      setImmediate(() => response.end(second))
    })
    assert.equal((await fetchText(url, limits)).text, '"é"')
  })
})

describe('it fails and says why:', () => {
  const answers: readonly (readonly [what: string, listener: RequestListener, message: RegExp])[] = [
    ['a status', (_, response) => response.writeHead(404).end(), /^GET http:.*: answered with status 404$/],
    [
      'a redirect without end',
      (_, response) => response.writeHead(301, { location: '/' }).end(),
      /more than 5 redirects$/,
    ],
    [
      'a redirect to something else than HTTP',
      (_, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
      /redirect to file:\/\/\/etc\/passwd, which is not followed$/,
    ],
    ['more than a mebibyte', (_, response) => response.end('x'.repeat(1024 * 1024 + 1)), /more than 1048576 bytes$/],
    ['a connection that is cut', (request) => void request.socket.destroy(), /^GET http:/],
  ]
  for (const [what, listener, message] of answers) {
    it(what, async () => {
      const url = await listen(listener)
      await assert.rejects(fetchText(url, limits), { message })
    })
  }

  it('nobody listens', async () => {
    await assert.rejects(fetchText('http://127.0.0.1:9/', limits), { message: /^GET http:\/\/127\.0\.0\.1:9\/: / })
  })

  it('no answer in time', async () => {
    const clock = createFakeClock()
    const asked = Promise.withResolvers<void>()
    const url = await listen(() => asked.resolve())
    const answer = assert.rejects(createFetchText(clock)(url, { timeoutMs: 700, signal }), {
      message: /no answer within 700 ms$/,
    })
    await asked.promise
    clock.advance(700)
    await answer
  })

  it('nobody wants the answer any more', async () => {
    const asked = Promise.withResolvers<void>()
    const url = await listen(() => asked.resolve())
    const closing = new AbortController()
    const answer = assert.rejects(fetchText(url, { ...limits, signal: closing.signal }))
    await asked.promise
    closing.abort()
    await answer
  })
})

describe("an issuer's configuration", () => {
  const issuer = 'https://id.test/realm/'
  const fetchFrom =
    (configuration: string): FetchText =>
    (url) =>
      url === 'https://id.test/realm/.well-known/openid-configuration'
        ? Promise.resolve({ text: configuration, maxAgeMs: 1 })
        : Promise.resolve({ text: `from ${url}`, maxAgeMs: 2 })
  const read = (configuration: unknown) =>
    fetchKeys(
      { kind: 'discovery', issuer, timeoutMs: 1 },
      fetchFrom(typeof configuration === 'string' ? configuration : JSON.stringify(configuration)),
      signal,
    )

  it('says where the keys are', async () => {
    const found = await read({ issuer, jwks_uri: 'https://keys.test/a' })
    assert.deepEqual(found, { text: 'from https://keys.test/a', maxAgeMs: 2 })
  })
  it('need not have the same slash', async () => {
    await read({ issuer: 'https://id.test/realm', jwks_uri: 'https://keys.test/a' })
  })
  const bad: readonly (readonly [what: string, configuration: unknown, message: RegExp])[] = [
    [
      'that is of another issuer',
      { issuer: 'https://evil.test', jwks_uri: 'https://evil.test/' },
      /is of issuer https:\/\/evil\.test, not/,
    ],
    ['without an address', { issuer }, /has no jwks_uri/],
    ['with an address that anybody may answer at', { issuer, jwks_uri: 'http://keys.test/a' }, /is not of https/],
    ['with an address that is none', { issuer, jwks_uri: 'keys' }, /has no jwks_uri/],
    ['with an address on the machine', { issuer, jwks_uri: 'file:///etc/passwd' }, /has no jwks_uri/],
    ['that is no JSON', '<html>', /has no jwks_uri/],
  ]
  for (const [what, configuration, message] of bad) {
    it(`${what} is refused`, () => assert.rejects(read(configuration), { message }))
  }
})
