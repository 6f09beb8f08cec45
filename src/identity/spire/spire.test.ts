import assert from 'node:assert/strict'
import { test } from 'node:test'
import { derOf, encodeSvidResponse, svidOf, type SvidFields } from '../../../test/support/mesh/spiffe-agent.ts'
import { HOUR_MS, responseOf, startSpire, until } from '../../../test/support/mesh/spire-source.ts'
import { TestCa } from '../../../test/support/tls/test-ca.ts'

test('the first set that the agent sends is in force, the next one takes over', async (t) => {
  const { issue, tally, agent, open, clock } = await startSpire(t)
  const spire = await agent()
  const first = await issue()
  spire.send(responseOf(svidOf(first)))
  const opening = open()
  assert.match(tally.status().waitingFor ?? '', /^an identity from the SPIFFE Workload API at .*api\.sock$/)
  const source = await opening
  assert.deepEqual(source.current(), first)
  assert.deepEqual(source.status(), { kind: 'spire', rotations: 0, failures: 0 })
  const told: string[] = []
  source.subscribe((credentials) => told.push(credentials.privateKeyPem))
  clock.advance(HOUR_MS / 2)
  const next = await issue()
  spire.send(responseOf(svidOf(next)))
  await until(() => told.length > 0)
  assert.deepEqual(source.current(), next)
  assert.deepEqual(told, [next.privateKeyPem])
  assert.equal(spire.calls(), 1)
})

test('a set that is sent again is no rotation; other roots and revocation lists are one', async (t) => {
  const { issue, ca, agent, open } = await startSpire(t)
  const spire = await agent()
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  const source = await open()
  spire.send(responseOf(svidOf(set)))
  const crlPem = new TestCa('another CA').revoke([])
  const crl = Buffer.from(crlPem.replaceAll(/-----.*-----/g, ''), 'base64')
  const bundle = derOf(ca.rootPem + ca.rootPem)
  spire.send(encodeSvidResponse({ svids: [{ ...svidOf(set), bundle }], crl: [crl, crl] }))
  await until(() => source.status().rotations === 1)
  assert.equal(source.current().trustRootsPem, ca.rootPem + ca.rootPem)
  assert.equal(source.current().crlPem, crlPem + crlPem)
  // What is absent has been taken back.
  spire.send(responseOf(svidOf(set)))
  await until(() => source.status().rotations === 2)
  assert.deepEqual(source.current(), set)
})

test('bundles of other trust domains are taken for those that are aliases', async (t) => {
  const { issue, ca, agent, open } = await startSpire(t)
  const spire = await agent()
  const set = await issue()
  const other = new TestCa('the root of another domain')
  const federated_bundles = {
    'spiffe://old.example': derOf(other.pem + ca.rootPem),
    'spiffe://foreign.example': derOf(ca.rootPem),
  }
  spire.send(encodeSvidResponse({ svids: [svidOf(set)], federated_bundles }))
  const source = await open()
  assert.deepEqual(source.current(), { ...set, federatedRootsPem: { 'old.example': other.pem + ca.rootPem } })
  // The same again is no rotation, and what is absent has been taken back.
  spire.send(encodeSvidResponse({ svids: [svidOf(set)], federated_bundles }))
  spire.send(responseOf(svidOf(set)))
  await until(() => source.status().rotations > 0)
  assert.equal(source.status().rotations, 1)
  assert.deepEqual(source.current(), set)
})

test('of several identities the one with the hint is taken', async (t) => {
  const { issue, agent, open } = await startSpire(t)
  const spire = await agent()
  const [web, waypoint] = [await issue(), await issue()]
  spire.send(responseOf(svidOf(web, 'web'), svidOf(waypoint, 'waypoint')))
  assert.deepEqual((await open('waypoint')).current(), waypoint)
  assert.deepEqual((await open()).current(), web)
})

test('a revocation list that cannot be used does not hold back a certificate', async (t) => {
  const { issue, agent, open } = await startSpire(t)
  const spire = await agent()
  spire.send(responseOf(svidOf(await issue())))
  const source = await open()
  const next = await issue()
  spire.send(encodeSvidResponse({ svids: [svidOf(next)], crl: [Buffer.from('3000', 'hex')] }))
  await until(() => source.status().rotations === 1)
  assert.deepEqual(source.current(), next)
  assert.match(source.status().lastFailure?.message ?? '', /list of revoked certificates is refused: crl: /)
})

interface BadCase {
  readonly what: string
  readonly message: (good: SvidFields, other: SvidFields) => Buffer
  readonly reason: RegExp
}

const cut = (bytes: Uint8Array | undefined): Uint8Array => (bytes ?? new Uint8Array()).subarray(0, -1)

const bad: readonly BadCase[] = [
  { what: 'no identity', message: () => responseOf(), reason: /svids: the agent sent no identity/ },
  {
    what: 'the key of another',
    message: (good, other) => responseOf({ ...good, x509_svid_key: other.x509_svid_key ?? new Uint8Array() }),
    reason: /x509_svid_key: the private key does not belong to the certificate/,
  },
  {
    what: 'no key',
    message: (good) => responseOf({ ...good, x509_svid_key: new Uint8Array() }),
    reason: /x509_svid_key: the private key cannot be read/,
  },
  {
    what: 'half a certificate',
    message: (good) => responseOf({ ...good, x509_svid: cut(good.x509_svid) }),
    reason: /x509_svid: is no row of whole certificates/,
  },
  {
    what: 'no roots',
    message: (good) => responseOf({ ...good, bundle: new Uint8Array() }),
    reason: /bundle: no certificate found/,
  },
  {
    what: 'half of the roots',
    message: (good) => responseOf({ ...good, bundle: cut(good.bundle) }),
    reason: /bundle: is no row of whole certificates/,
  },
  {
    what: 'half of the roots of an alias',
    message: (good) =>
      encodeSvidResponse({ svids: [good], federated_bundles: { 'spiffe://old.example': cut(good.bundle) } }),
    reason: /federated_bundles: is no row of whole certificates/,
  },
  {
    what: 'no roots of an alias that is there',
    message: (good) =>
      encodeSvidResponse({ svids: [good], federated_bundles: { 'spiffe://old.example': new Uint8Array() } }),
    reason: /federated_bundles: no certificate found/,
  },
  {
    what: 'another name than the certificate has',
    message: (good) => responseOf({ ...good, spiffe_id: 'spiffe://mesh.example/ns/shop/sa/admin' }),
    reason: /x509_svid: the certificate is of spiffe:.*waypoint, the message says "spiffe:.*admin"/,
  },
  {
    what: 'what is no message',
    message: () => Buffer.from([0x0a, 0x7f, 1]),
    reason: /X509SVIDResponse: cannot be read/,
  },
]

for (const { what, message, reason } of bad) {
  test(`a message with ${what} is refused once, and what is in force stays`, async (t) => {
    const { issue, agent, open, lines } = await startSpire(t)
    const spire = await agent()
    const set = await issue()
    spire.send(responseOf(svidOf(set)))
    const source = await open()
    const next = await issue()
    const refused = message(svidOf(next), svidOf(await issue()))
    spire.send(refused)
    spire.send(refused)
    await until(() => source.status().failures > 0)
    assert.match(source.status().lastFailure?.message ?? '', reason)
    assert.deepEqual(source.current(), set)
    assert.doesNotMatch(lines.join(''), /PRIVATE KEY/)
    spire.send(responseOf(svidOf(next)))
    await until(() => source.status().rotations === 1)
    assert.deepEqual(source.current(), next)
    assert.equal(source.status().failures, 1)
    spire.send(refused)
    await until(() => source.status().failures === 2)
  })
}

test('an agent that sends now this, now that, and nothing of use does not fill the log', async (t) => {
  const { issue, agent, open, lines, clock } = await startSpire(t)
  const spire = await agent()
  spire.send(responseOf(svidOf(await issue())))
  const source = await open()
  const told = (): number => lines.filter((line) => line.includes('what it sent is refused')).length
  const [first, second] = [responseOf(), Buffer.from([0x0a, 0x7f, 1])]
  for (let i = 0; i < 50; i++) for (const message of [first, second]) spire.send(message)
  await until(() => source.status().failures === 100)
  assert.equal(told(), 1)
  clock.advance(1000)
  spire.send(first)
  await until(() => source.status().failures === 101)
  assert.equal(told(), 2)
})

test('of a thousand identities one is taken', async (t) => {
  const { issue, agent, open } = await startSpire(t)
  const spire = await agent()
  const set = await issue()
  const others = Array.from({ length: 999 }, (_, i) => ({
    ...svidOf(set),
    spiffe_id: `spiffe://other.example/ns/a/sa/${i}`,
  }))
  spire.send(responseOf(...others, svidOf(set)))
  assert.deepEqual((await open()).current(), set)
})

test('a first message that is refused is waited over', async (t) => {
  const { issue, tally, agent, open } = await startSpire(t)
  const spire = await agent()
  spire.send(responseOf())
  const opening = open()
  await until(() => tally.status().failures === 1)
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  assert.deepEqual((await opening).current(), set)
})
