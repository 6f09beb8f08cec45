import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { status as Code } from '@grpc/grpc-js'
import { formatSpiffeId } from '../../model/identity.ts'
import { createLogger } from '../../lib/log.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import {
  derOf,
  encodeSvidResponse,
  startSpiffeAgent,
  svidOf,
  type SpiffeAgent,
  type SvidFields,
} from '../../../test/support/mesh/spiffe-agent.ts'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import { createDevCa } from '../ca/dev-ca.ts'
import { CredentialTally } from '../credential-tally.ts'
import { createSpireCredentials } from './spire.ts'

const identity = formatSpiffeId({ trustDomain: 'mesh.example', namespace: 'shop', serviceAccount: 'waypoint' })
const HOUR_MS = 3_600_000

const start = async (t: TestContext) => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-spire-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const socketPath = join(dir, 'api.sock')
  const clock = createFakeClock()
  const ca = await createDevCa({ dir: join(dir, 'ca'), trustDomain: 'mesh.example', clock })
  const issue = () => ca.issue(identity, { ttlMs: HOUR_MS })
  const lines: string[] = []
  const log = createLogger({ level: 'debug', clock, write: (line) => void lines.push(line) })
  const tally = new CredentialTally('spire')
  const stop = new AbortController()
  const agent = async (service?: string): Promise<SpiffeAgent> => {
    const started = await startSpiffeAgent(socketPath, service)
    t.after(started.close)
    return started
  }
  const open = async (hint?: string) => {
    const source = await createSpireCredentials({
      socketPath,
      trustDomains: ['mesh.example', 'old.example'],
      hint,
      clock,
      log,
      tally,
      signal: stop.signal,
      random: () => 0,
    })
    t.after(source.close)
    return source
  }
  return { clock, ca, issue, lines, tally, stop, agent, open }
}

/** Lets the other side answer until the claim holds. */
const until = async (claim: () => boolean): Promise<void> => {
  for (let i = 0; i < 100_000 && !claim(); i++) await new Promise(setImmediate)
  assert.ok(claim(), String(claim))
}

const responseOf = (...svids: readonly SvidFields[]): Buffer => encodeSvidResponse({ svids })

test('the first set that the agent sends is in force, the next one takes over', async (t) => {
  const { issue, tally, agent, open, clock } = await start(t)
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
  const { issue, ca, agent, open } = await start(t)
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
  const { issue, ca, agent, open } = await start(t)
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
  const { issue, agent, open } = await start(t)
  const spire = await agent()
  const [web, waypoint] = [await issue(), await issue()]
  spire.send(responseOf(svidOf(web, 'web'), svidOf(waypoint, 'waypoint')))
  assert.deepEqual((await open('waypoint')).current(), waypoint)
  assert.deepEqual((await open()).current(), web)
})

test('an agent that is not there is waited for, with growing pauses', async (t) => {
  const { issue, tally, agent, open, clock, lines } = await start(t)
  const opening = open()
  const pauses: number[] = []
  for (let failures = 1; failures <= 8; failures++) {
    await until(() => tally.status().failures === failures)
    const pauseMs = (tally.status().nextRenewalMs ?? 0) - clock.nowMs()
    pauses.push(pauseMs / 1000)
    if (failures < 8) clock.advance(pauseMs)
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60])
  assert.match(tally.status().lastFailure?.message ?? '', /UNAVAILABLE.*ENOENT/)
  assert.match(lines.at(-1) ?? '', /"warn".*no identity from the SPIFFE Workload API at .*ENOENT.*"retryInSeconds":60/)
  const spire = await agent()
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  clock.advance(60_000)
  assert.deepEqual((await opening).current(), set)
  assert.equal(tally.status().waitingFor, undefined)
})

test('an agent that knows no identity for us is asked again, and what would help is said', async (t) => {
  const { issue, tally, agent, open, clock } = await start(t)
  const spire = await agent()
  spire.refuse({ code: Code.PERMISSION_DENIED, details: 'no identity issued' })
  const opening = open()
  await until(() => tally.status().failures === 1)
  assert.match(
    tally.status().lastFailure?.message ?? '',
    /knows none for this process \(no identity issued\): is there a registration entry for spiffe:\/\/mesh\.example\/ns/,
  )
  const set = await issue()
  spire.refuse(undefined)
  spire.send(responseOf(svidOf(set)))
  clock.advance(1000)
  assert.deepEqual((await opening).current(), set)
})

test('what is no Workload API ends the start', async (t) => {
  const { agent, open } = await start(t)
  await agent('SomethingElse')
  await assert.rejects(open(), (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error)
    assert.equal(error.code, 'ESPIRE')
    assert.match(error.message, /api\.sock is none \(UNIMPLEMENTED: .*\): is it the socket of a SPIRE agent/)
    return true
  })
})

test('whoever is told to end stops waiting', async (t) => {
  const { agent, open, stop, clock } = await start(t)
  await agent()
  const opening = open()
  stop.abort(new Error('told to end'))
  await assert.rejects(opening, /told to end/)
  assert.equal(clock.pending(), 0)
})

test('an agent that does not answer is left and asked again', async (t) => {
  const { issue, tally, agent, open, clock } = await start(t)
  const spire = await agent()
  const opening = open()
  await until(() => spire.calls() === 1)
  clock.advance(10_000)
  assert.match(tally.status().lastFailure?.message ?? '', /no answer within 10 s/)
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  clock.advance(1000)
  assert.deepEqual((await opening).current(), set)
})

test('an agent that dies leaves the set in force, and its successor is followed', async (t) => {
  const { issue, agent, open, clock } = await start(t)
  const spire = await agent()
  const first = await issue()
  spire.send(responseOf(svidOf(first)))
  const source = await open()
  await spire.close()
  await until(() => source.status().failures === 1)
  assert.deepEqual(source.current(), first)
  const successor = await agent()
  const next = await issue()
  successor.send(responseOf(svidOf(next)))
  clock.advance(1000)
  await until(() => source.status().rotations === 1)
  assert.deepEqual(source.current(), next)
  assert.equal(source.status().nextRenewalMs, undefined)
})

test('a stream that is ended in good order is opened again at once', async (t) => {
  const { issue, agent, open, clock } = await start(t)
  const spire = await agent()
  spire.send(responseOf(svidOf(await issue())))
  const source = await open()
  clock.advance(5000)
  const next = await issue()
  spire.end()
  spire.send(responseOf(svidOf(next)))
  await until(() => source.status().rotations === 1)
  assert.deepEqual(source.current(), next)
  assert.equal(source.status().failures, 0)
  // One that ends them at once is not asked in a loop.
  spire.end()
  await until(() => source.status().failures === 1)
  assert.match(source.status().lastFailure?.message ?? '', /ended at once/)
})

test('an identity that is taken back stays in force while it is valid', async (t) => {
  const { issue, agent, open, lines } = await start(t)
  const spire = await agent()
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  const source = await open()
  spire.end({ code: Code.PERMISSION_DENIED, details: 'no identity issued' })
  await until(() => source.status().failures === 1)
  assert.deepEqual(source.current(), set)
  assert.match(lines.at(-1) ?? '', /no identity issued.*"inForceUntil":"2025-01-15T01:00:00\.000Z"/)
})

test('an agent that falls silent is asked again before the certificate runs out', async (t) => {
  const { issue, agent, open, clock } = await start(t)
  const spire = await agent()
  spire.send(responseOf(svidOf(await issue())))
  const source = await open()
  spire.send(undefined)
  clock.advance((HOUR_MS * 2) / 3 - 1)
  assert.equal(spire.calls(), 1)
  clock.advance(1)
  await until(() => spire.calls() === 2)
  const next = await issue()
  spire.send(responseOf(svidOf(next)))
  await until(() => source.status().rotations === 1)
  assert.deepEqual(source.current(), next)
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
    const { issue, agent, open, lines } = await start(t)
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
  })
}

test('a first message that is refused is waited over', async (t) => {
  const { issue, tally, agent, open } = await start(t)
  const spire = await agent()
  spire.send(responseOf())
  const opening = open()
  await until(() => tally.status().failures === 1)
  const set = await issue()
  spire.send(responseOf(svidOf(set)))
  assert.deepEqual((await opening).current(), set)
})
