/** Tokens in real traffic, and what happens while keys are fetched. */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { createTestKey, keySetOf, signToken } from '../../../../test/support/jwt/test-keys.ts'
import { Mesh, until } from '../../../../test/support/mesh/mesh.ts'
import type { PodTunnel } from '../../../../test/support/mesh/pod.ts'
import { serviceOf } from '../../../../test/support/models.ts'
import type { JwtRule } from '../../../model/security/authentication.ts'

const old = createTestKey('old', 'ES256')
const young = createTestKey('young', 'RS256')
const issuer = 'https://id.test'
const rule: JwtRule = {
  issuer,
  audiences: [],
  keys: { kind: 'uri', uri: 'https://id.test/keys', timeoutMs: 5000 },
  places: [{ kind: 'header', name: 'authorization', prefix: 'Bearer ' }],
  forwardsToken: false,
  claimHeaders: [],
  spaceDelimitedClaims: [],
}

const answerSize = (tunnel: PodTunnel, { bodyBytes }: { readonly bodyBytes: number }): void => {
  tunnel.write(`HTTP/1.1 200 OK\r\ncontent-length: ${String(bodyBytes).length}\r\n\r\n${bodyBytes}`)
}

/** Requests for keys that wait for their answer. */
let asked: PromiseWithResolvers<string>[]
let mesh: Mesh
beforeEach(async () => {
  asked = []
  mesh = await Mesh.start({
    pods: [{ onRequest: answerSize }],
    fetchText: () => {
      const answer = Promise.withResolvers<string>()
      asked.push(answer)
      return answer.promise.then((text) => ({ text, maxAgeMs: undefined }))
    },
  })
  protect(rule)
})
afterEach(() => mesh.close())

const protect = (...rules: readonly JwtRule[]): void =>
  mesh.apply(
    mesh.model({
      services: [serviceOf({ protocol: 'http' }, { authentications: ['shop/a'] })],
      authentications: [{ key: 'shop/a', rules }],
    }),
  )

const tokenBy = (key: typeof old): string => signToken(key, { iss: issuer, sub: 'ann' })
const lineOf = (token: string): string => `authorization: Bearer ${token}\r\n`

test('a request waits for keys with its body, and nothing of it is lost', async () => {
  const tunnel = await mesh.tunnel()
  const size = 200_000
  tunnel.write(`POST / HTTP/1.1\r\nhost: api\r\n${lineOf(tokenBy(old))}content-length: ${size}\r\n\r\n`, 'POST')
  const sent = tunnel.upload(size)
  await until(() => asked.length === 1)
  assert.equal(mesh.pod.tunnels.length, 0)
  asked[0]?.resolve(keySetOf(old))
  await sent
  const answer = await tunnel.answer()
  assert.deepEqual([answer.head.status, answer.body.toString()], [200, String(size)])
})

test('a client that goes away meanwhile leaves nothing behind', async () => {
  const tunnel = await mesh.tunnel()
  tunnel.write(`GET / HTTP/1.1\r\nhost: api\r\n${lineOf(tokenBy(old))}\r\n`)
  await until(() => mesh.counters.activeExchanges === 1)
  for (const client of mesh.clients) client.destroy()
  await until(() => mesh.counters.activeExchanges === 0)
  asked[0]?.resolve(keySetOf(old))
  await until(() => mesh.counters.jwtVerifications === 1)
  assert.deepEqual([mesh.pod.tunnels.length, mesh.records.length], [0, 1])
})

test('requests without a token do not wait', async () => {
  const tunnel = await mesh.tunnel()
  assert.equal((await tunnel.get('/')).head.status, 200)
  asked[0]?.resolve(keySetOf(old))
})

test('an issuer may change its key: the new one counts with the first token, the old one no more once it is gone', async () => {
  const tunnel = await mesh.tunnel()
  const ask = async (token: string): Promise<number> => (await tunnel.request('GET', '/', lineOf(token))).head.status
  asked[0]?.resolve(keySetOf(old))
  assert.equal(await ask(tokenBy(old)), 200)
  const answer = ask(tokenBy(young))
  await until(() => asked.length === 2)
  asked[1]?.resolve(keySetOf(young))
  assert.equal(await answer, 200)
  const late = ask(tokenBy(old))
  await until(() => asked.length === 3)
  asked[2]?.resolve(keySetOf(young))
  assert.equal(await late, 401)
})

test('a change of the policy holds for the next request, whatever was verified before', async () => {
  const tunnel = await mesh.tunnel()
  const token = tokenBy(old)
  asked[0]?.resolve(keySetOf(old))
  const ask = async (): Promise<number> => (await tunnel.request('GET', '/', lineOf(token))).head.status
  assert.equal(await ask(), 200)
  protect({ ...rule, audiences: ['other'] })
  assert.equal(await ask(), 403)
  protect({ ...rule, keys: { kind: 'inline', jwks: keySetOf(young) } })
  assert.equal(await ask(), 401)
  protect(rule)
  await until(() => asked.length === 2)
  asked[1]?.resolve(keySetOf(old))
  assert.equal(await ask(), 200)
})

test('when the issuer cannot be reached the log says so, and tokens are refused', async () => {
  const tunnel = await mesh.tunnel()
  asked[0]?.reject(new Error('GET https://id.test/keys: nobody is there'))
  await until(() => mesh.counters.jwksFetchFailures === 1)
  const answer = await tunnel.request('GET', '/', lineOf(tokenBy(old)))
  assert.deepEqual([answer.head.status, answer.body.toString()], [401, 'Jwks remote fetch is failed'])
  assert.ok(
    mesh.logs.some((line) => /"warn".*could not be got, all tokens .* refused: GET .*: nobody is there/.test(line)),
  )
})
