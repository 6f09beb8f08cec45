import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { createLogger } from '../../lib/log.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { CredentialTally } from '../credential-tally.ts'
import { decodeCredentials } from '../decode-credentials.ts'
import { createDevCa, createDevCredentials } from './dev-ca.ts'

const makeDir = async (t: TestContext): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-ca-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const identity = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'api' })
const DAY_MS = 86_400_000

test('an issued set passes the same check as one from files', async (t) => {
  const ca = await createDevCa({ dir: await makeDir(t), trustDomain: 'cluster.local', clock: systemClock })
  const credentials = await ca.issue(identity)
  assert.deepEqual(decodeCredentials(credentials, Date.now()), { ok: true, value: credentials })
  const leaf = new X509Certificate(credentials.certificateChainPem)
  assert.equal(leaf.checkIssued(new X509Certificate(ca.rootPem)), true)
  assert.ok(credentials.notBeforeMs <= Date.now() - 119_000)
  assert.ok(Math.abs(credentials.notAfterMs - Date.now() - DAY_MS) < 10_000)
})

test('the root is kept, readable by its owner only', async (t) => {
  const dir = join(await makeDir(t), 'deep', 'er')
  const first = await createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })
  const second = await createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })
  assert.equal(second.rootPem, first.rootPem)
  assert.equal((await stat(join(dir, 'dev-ca.pem'))).mode & 0o777, 0o600)
  assert.equal(await readFile(join(dir, 'root-cert.pem'), 'utf8'), first.rootPem)
  const leaf = new X509Certificate((await second.issue(identity)).certificateChainPem)
  assert.equal(leaf.verify(new X509Certificate(first.rootPem).publicKey), true)
})

test('processes that found the CA at the same time agree on one root', async (t) => {
  const dir = await makeDir(t)
  const open = () => createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })
  const all = await Promise.all([open(), open(), open(), open()])
  assert.equal(new Set(all.map((ca) => ca.rootPem)).size, 1)
  assert.deepEqual((await readdir(dir)).toSorted(), ['dev-ca.pem', 'root-cert.pem'])
  assert.equal(await readFile(join(dir, 'root-cert.pem'), 'utf8'), all[0]?.rootPem)
})

test('a root near its end is replaced', async (t) => {
  const dir = await makeDir(t)
  const clock = createFakeClock()
  const first = await createDevCa({ dir, trustDomain: 'cluster.local', clock })
  clock.advance(363 * DAY_MS)
  assert.equal((await createDevCa({ dir, trustDomain: 'cluster.local', clock })).rootPem, first.rootPem)
  clock.advance(1.5 * DAY_MS)
  const next = await createDevCa({ dir, trustDomain: 'cluster.local', clock })
  assert.notEqual(next.rootPem, first.rootPem)
})

test('a damaged root is refused with what to do', async (t) => {
  const dir = await makeDir(t)
  const a = await createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })
  await writeFile(join(dir, 'dev-ca.pem'), `${a.rootPem}nonsense`)
  await assert.rejects(createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock }), {
    code: 'EDEVCA',
    message: /dev-ca\.pem is damaged: delete it/,
  })
})

test('a folder that cannot be made is named', async (t) => {
  const dir = await makeDir(t)
  await writeFile(join(dir, 'file'), '')
  await assert.rejects(createDevCa({ dir: join(dir, 'file'), trustDomain: 'cluster.local', clock: systemClock }), {
    code: 'EDEVCA',
  })
})

test('credentials are issued anew at half of their life', async (t) => {
  const clock = createFakeClock()
  const ca = await createDevCa({ dir: await makeDir(t), trustDomain: 'cluster.local', clock })
  const log = createLogger({ write: () => {}, level: 'off', clock })
  const parts = {
    clock,
    log,
    random: () => 0.5,
    tally: new CredentialTally('dev'),
    signal: new AbortController().signal,
  }
  const source = await createDevCredentials(ca, identity, { ...parts, ttlMs: 3_600_000 })
  const first = source.current()
  const next = new Promise((resolve) => source.subscribe(resolve))
  clock.advance(1_799_000)
  assert.equal(source.current(), first)
  clock.advance(1_000)
  assert.equal(await next, source.current())
  assert.equal(source.current().notAfterMs, first.notAfterMs + 1_800_000)
  assert.notEqual(source.current().privateKeyPem, first.privateKeyPem)
  assert.equal(clock.pending(), 1)
  source.close()
  assert.equal(clock.pending(), 0)
})
