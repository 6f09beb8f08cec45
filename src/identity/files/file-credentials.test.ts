import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, unlink, writeFile, mkdir, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { createLogger } from '../../lib/log.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { createFakeClock, type FakeClock } from '../../../test/support/fake-clock.ts'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import { CredentialTally } from '../credential-tally.ts'
import type { Credentials } from '../credentials.ts'
import { createDevCa } from '../ca/dev-ca.ts'
import { formatPem } from '../pem.ts'
import { createFileCredentials } from './file-credentials.ts'

const identity = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'api' })

const writeSet = async (dir: string, credentials: Credentials): Promise<void> => {
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'cert-chain.pem'), credentials.certificateChainPem)
  await writeFile(join(dir, 'key.pem'), credentials.privateKeyPem)
  await writeFile(join(dir, 'root-cert.pem'), credentials.trustRootsPem)
}

const start = async (t: TestContext) => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-certs-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const clock = createFakeClock()
  const ca = await createDevCa({ dir: join(dir, 'ca'), trustDomain: 'cluster.local', clock })
  const lines: string[] = []
  // Each line of the log wakes whoever waits for it: the test needs no sleeping.
  const news = new EventTarget()
  const log = createLogger({
    level: 'debug',
    clock,
    write: (line) => {
      lines.push(line)
      news.dispatchEvent(new Event('line'))
    },
  })
  const line = (): Promise<unknown> => once(news, 'line')
  return { dir, clock, ca, log, lines, line, tally: new CredentialTally('files') }
}

test('a folder with Istio’s names gives the credentials', async (t) => {
  const { dir, clock, ca, log, tally } = await start(t)
  const issued = await ca.issue(identity)
  await writeSet(dir, issued)
  const source = await createFileCredentials({ dir, clock, log, tally })
  t.after(source.close)
  assert.deepEqual(source.current(), issued)
})

test('a changed set takes over as a whole and is told to subscribers', async (t) => {
  const { dir, clock, ca, log, tally } = await start(t)
  await writeSet(dir, await ca.issue(identity))
  const source = await createFileCredentials({ dir, clock, log, tally })
  t.after(source.close)
  const next = await ca.issue(identity)
  await writeSet(dir, next)
  const told = new Promise((resolve) => source.subscribe(resolve))
  clock.advance(30_000)
  assert.deepEqual(await told, next)
  assert.deepEqual(source.current(), next)
})

test('a change is noticed by watching, long before the poll', async (t) => {
  const { dir, ca, log, tally } = await start(t)
  const current = await createDevCa({ dir: join(dir, 'ca2'), trustDomain: 'cluster.local', clock: systemClock })
  assert.notEqual(ca, current)
  // As the kubelet does it: the files are links through a link that is replaced in one step.
  const certs = join(dir, 'certs')
  await writeSet(join(certs, 'v1'), await current.issue(identity))
  await symlink('v1', join(certs, '..data'))
  for (const name of ['cert-chain.pem', 'key.pem', 'root-cert.pem']) await symlink(`..data/${name}`, join(certs, name))
  const source = await createFileCredentials({ dir: certs, clock: systemClock, log, tally })
  t.after(source.close)
  const next = await current.issue(identity)
  await writeSet(join(certs, 'v2'), next)
  const told = new Promise((resolve) => source.subscribe(resolve))
  await symlink('v2', join(certs, '..tmp'))
  await rename(join(certs, '..tmp'), join(certs, '..data'))
  // The timers of the system clock keep no process alive, so something else has to while we wait.
  const alive = setInterval(() => {}, 1000)
  assert.deepEqual(await told, next)
  clearInterval(alive)
})

test('a set that does not hold together is refused once, and the old one stays', async (t) => {
  const { dir, clock, ca, log, tally, lines, line } = await start(t)
  const first = await ca.issue(identity)
  await writeSet(dir, first)
  const source = await createFileCredentials({ dir, clock, log, tally })
  t.after(source.close)
  const next = await ca.issue(identity)
  await writeFile(join(dir, 'cert-chain.pem'), next.certificateChainPem)
  const refused = line()
  clock.advance(30_000)
  await refused
  assert.match(lines.at(-1) ?? '', /key\.pem: the private key does not belong to the certificate.*the old ones stay/)
  assert.equal(lines.join('').includes('PRIVATE KEY'), false)
  assert.equal(source.status().failures, 1)
  assert.match(source.status().lastFailure?.message ?? '', /key\.pem: the private key does not belong/)
  assert.deepEqual(source.current(), first)
  const told = new Promise((resolve) => source.subscribe(resolve))
  await writeFile(join(dir, 'key.pem'), next.privateKeyPem)
  while (source.current() !== (await Promise.race([told, poll(clock)]))) continue
  assert.deepEqual(source.current(), next)
  assert.equal(source.status().hasRecovered, true)
  assert.equal(lines.filter((text) => text.includes('refused')).length, 1)
  // In one step: half of a key would be another complaint.
  await writeFile(join(dir, 'key.new'), first.privateKeyPem)
  await rename(join(dir, 'key.new'), join(dir, 'key.pem'))
  await until(clock, () => source.status().failures === 2)
  assert.equal(source.status().hasRecovered, undefined)
  assert.equal(lines.filter((text) => text.includes('refused')).length, 2)
})

const crlPem = new TestCa('another CA').revoke([])

test('a revocation list beside the certificate is part of the set', async (t) => {
  const { dir, clock, ca, log, lines, tally } = await start(t)
  const set = await ca.issue(identity)
  await writeSet(dir, set)
  await writeFile(join(dir, 'ca-crl.pem'), crlPem)
  const source = await createFileCredentials({ dir, clock, log, tally })
  t.after(source.close)
  assert.deepEqual(source.current(), { ...set, crlPem })
  assert.deepEqual(lines, [])
  // Kubernetes has no way to leave a key out of a ConfigMap but by making its value empty.
  await writeFile(join(dir, 'ca-crl.pem'), '\n')
  await until(clock, () => source.current().crlPem === undefined)
  assert.match(lines.at(-1) ?? '', /"warn".*ca-crl\.pem is gone from/)
  assert.deepEqual(source.current(), set)
})

test('without a revocation list that is said once', async (t) => {
  const { dir, clock, ca, log, lines, tally } = await start(t)
  await writeSet(dir, await ca.issue(identity))
  const source = await createFileCredentials({ dir, clock, log, tally })
  t.after(source.close)
  assert.match(lines.join(''), /"info".*has no ca-crl\.pem: nobody looks whether a certificate was revoked/)
  assert.equal(lines.length, 1)
})

test('a revocation list that cannot be used stays out, and does not hold back a certificate', async (t) => {
  const { dir, clock, ca, log, lines, tally } = await start(t)
  await writeSet(dir, await ca.issue(identity))
  await writeFile(join(dir, 'ca-crl.pem'), crlPem)
  const source = await createFileCredentials({ dir, clock, log, tally })
  t.after(source.close)
  const next = await ca.issue(identity)
  await writeSet(dir, next)
  // It has the CA's name, and another's signature.
  await writeFile(
    join(dir, 'ca-crl.pem'),
    new TestCa('Fairway development CA for cluster.local').revoke([], { keyId: null }),
  )
  await until(clock, () => source.current().privateKeyPem === next.privateKeyPem)
  assert.deepEqual(source.current(), { ...next, crlPem })
  assert.match(
    lines.join(''),
    /new revocation lists in .* refused: ca-crl\.pem: .*not signed by the CA whose name it has/,
  )
  for (let i = 0; i < 3; i++) await poll(clock)
  assert.equal(source.status().failures, 1)
})

test('half of a file with several roots is not taken for all of it', async (t) => {
  const { dir, clock, ca, log, lines, tally } = await start(t)
  const other = await createDevCa({ dir: join(dir, 'ca2'), trustDomain: 'cluster.local', clock })
  const set = await ca.issue(identity)
  const trustRootsPem = set.trustRootsPem + other.rootPem
  await writeSet(dir, { ...set, trustRootsPem })
  const source = await createFileCredentials({ dir, clock, log, tally })
  t.after(source.close)
  assert.equal(source.current().trustRootsPem, trustRootsPem)
  await writeFile(join(dir, 'root-cert.pem'), trustRootsPem.slice(0, -40))
  await until(clock, () => source.status().failures === 1)
  assert.match(lines.at(-1) ?? '', /root-cert\.pem: a certificate is cut off/)
  assert.equal(source.current().trustRootsPem, trustRootsPem)
  await writeFile(join(dir, 'root-cert.pem'), other.rootPem + set.trustRootsPem)
  await until(clock, () => source.status().rotations === 1)
  assert.equal(source.current().trustRootsPem, other.rootPem + set.trustRootsPem)
})

test('the names of a Kubernetes TLS secret are as good as Istio’s', async (t) => {
  const { dir, clock, ca, log, tally } = await start(t)
  const set = await ca.issue(identity)
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'tls.crt'), set.certificateChainPem)
  await writeFile(join(dir, 'tls.key'), set.privateKeyPem)
  await assert.rejects(createFileCredentials({ dir, clock, log, tally }), /ca\.crt: cannot be read \(ENOENT/)
  await writeFile(join(dir, 'ca.crt'), set.trustRootsPem)
  const source = await createFileCredentials({ dir, clock, log, tally })
  t.after(source.close)
  assert.deepEqual(source.current(), set)
})

test('a folder that was made anew under its name is found', async (t) => {
  const { dir, clock, ca, log, tally } = await start(t)
  const certs = join(dir, 'certs')
  await writeSet(certs, await ca.issue(identity))
  const source = await createFileCredentials({ dir: certs, clock, log, tally })
  t.after(source.close)
  await rename(certs, join(dir, 'old'))
  await until(clock, () => source.status().failures === 1)
  const next = await ca.issue(identity)
  await writeSet(certs, next)
  await until(clock, () => source.status().rotations === 1)
  assert.deepEqual(source.current(), next)
})

/** Polls until the claim holds. */
const until = async (clock: FakeClock, claim: () => boolean): Promise<void> => {
  for (let i = 0; i < 2000 && !claim(); i++) await poll(clock)
  assert.ok(claim(), String(claim))
}

/** Moves the fake clock to the next look, and lets the files be read. */
const poll = async (clock: { readonly advance: (ms: number) => void }): Promise<undefined> => {
  clock.advance(30_000)
  await new Promise(setImmediate)
  return undefined
}

/** The point is no longer on the curve, which nobody sees before the key is asked for. */
const damageKey = (pem: string): string => {
  const { raw, publicKey } = new X509Certificate(pem)
  const at = raw.indexOf(publicKey.export({ type: 'spki', format: 'der' }).subarray(-64))
  const damaged = Buffer.from(raw)
  damaged[at] = (damaged[at] ?? 0) ^ 1
  return formatPem('CERTIFICATE', damaged)
}

const bad: readonly {
  readonly what: string
  readonly spoil: (set: Credentials, other: Credentials) => Partial<Credentials>
  readonly message: RegExp
}[] = [
  {
    what: 'an unparsable certificate',
    spoil: () => ({ certificateChainPem: 'x' }),
    message: /cert-chain\.pem: no certificate/,
  },
  {
    what: 'a broken certificate',
    spoil: (set) => ({ certificateChainPem: set.certificateChainPem.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA') }),
    message: /cert-chain\.pem: a certificate cannot be read/,
  },
  {
    what: 'an unparsable key',
    spoil: () => ({ privateKeyPem: 'x' }),
    message: /key\.pem: the private key cannot be read/,
  },
  {
    what: 'the key of another',
    spoil: (_, other) => ({ privateKeyPem: other.privateKeyPem }),
    message: /does not belong/,
  },
  { what: 'empty roots', spoil: () => ({ trustRootsPem: '' }), message: /root-cert\.pem: no certificate found/ },
  {
    what: 'a root with a damaged key',
    spoil: (set) => ({ trustRootsPem: damageKey(set.trustRootsPem) }),
    message: /root-cert\.pem: a certificate cannot be read/,
  },
  {
    what: 'a root in place of the leaf',
    spoil: (set) => ({ certificateChainPem: set.trustRootsPem }),
    message: /names no workload: it has no URI name/,
  },
]

for (const { what, spoil, message } of bad) {
  test(`at the start ${what} is an error with file, reason and advice`, async (t) => {
    const { dir, clock, ca, log, tally } = await start(t)
    const set = await ca.issue(identity)
    await writeSet(dir, { ...set, ...spoil(set, await ca.issue(identity)) })
    await assert.rejects(createFileCredentials({ dir, clock, log, tally }), (error: unknown) => {
      assert.ok(error instanceof Error && 'code' in error)
      assert.equal(error.code, 'ECREDENTIALS')
      assert.match(error.message, message)
      assert.ok(error.message.includes(dir))
      return true
    })
  })
}

test('an expired, an early and a missing certificate are each named', async (t) => {
  const { dir, clock, ca, log, tally } = await start(t)
  const rejects = (message: RegExp) => assert.rejects(createFileCredentials({ dir, clock, log, tally }), { message })
  await writeSet(dir, await ca.issue(identity, { ttlMs: -1000, notBeforeMs: clock.nowMs() - 10_000 }))
  await rejects(/the certificate expired at 2025-01-14T23:59:59\.000Z/)
  await writeSet(dir, await ca.issue(identity, { notBeforeMs: clock.nowMs() + 10_000 }))
  await rejects(/valid only from 2025-01-15T00:00:10\.000Z on/)
  await unlink(join(dir, 'key.pem'))
  await rejects(/key\.pem: cannot be read \(ENOENT/)
})
