import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { modelOf } from '../../test/support/models.ts'
import { createDevCa } from '../identity/ca/dev-ca.ts'
import { systemClock } from '../lib/clock.ts'
import { createLogger } from '../lib/log.ts'
import { formatSpiffeId } from '../model/identity.ts'
import { openCredentials } from './open-credentials.ts'
import type { CaOptions } from './options.ts'

const start = async (t: TestContext) => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-open-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const lines: string[] = []
  const log = createLogger({ level: 'info', clock: systemClock, write: (line) => void lines.push(line) })
  const open = (ca: CaOptions) => {
    const model = { ...modelOf([]), gateway: { namespace: 'shop', name: 'way' } }
    const opening = openCredentials({ ca, trustDomains: ['cluster.local', 'old'] }, model, { clock: systemClock, log })
    t.after(opening.close)
    return opening
  }
  return { dir, lines, open }
}

/** Nobody listens on port 1. */
const nobody = {
  kind: 'istiod',
  address: '127.0.0.1:1',
  serverName: undefined,
  caRootPath: 'SYSTEM',
  meshRootsPath: '/nowhere/root-cert.pem',
  crlPath: '/nowhere/ca-crl.pem',
  tokenPath: '/nowhere/token',
  clusterId: 'Kubernetes',
  ttlMs: 60_000,
  certSigner: undefined,
  account: undefined,
} as const

const writeFiles = async (dir: string, trustDomain: string, serviceAccount = 'way'): Promise<CaOptions> => {
  const ca = await createDevCa({ dir: join(dir, 'ca'), trustDomain, clock: systemClock })
  const set = await ca.issue(formatSpiffeId({ trustDomain, namespace: 'shop', serviceAccount }))
  await writeFile(join(dir, 'cert-chain.pem'), set.certificateChainPem)
  await writeFile(join(dir, 'key.pem'), set.privateKeyPem)
  await writeFile(join(dir, 'root-cert.pem'), set.trustRootsPem)
  return { kind: 'files', dir }
}

test('the development CA makes an account that is called as the Gateway', async (t) => {
  const { dir, open } = await start(t)
  const opening = open({ kind: 'dev', stateDir: dir })
  const source = await opening.ready
  assert.equal(source.current().identity, 'spiffe://cluster.local/ns/shop/sa/way')
  assert.equal(opening.status().kind, 'dev')
  assert.equal(opening.status(), source.status())
})

for (const trustDomain of ['cluster.local', 'old', 'elsewhere']) {
  test(`a certificate of the trust domain ${trustDomain} is taken, and warned of when peers of it are not`, async (t) => {
    const { dir, lines, open } = await start(t)
    const source = await open(await writeFiles(dir, trustDomain)).ready
    assert.equal(source.current().identity, `spiffe://${trustDomain}/ns/shop/sa/way`)
    const warnings = lines.filter((line) => line.includes('"level":"warn"'))
    if (trustDomain !== 'elsewhere') assert.deepEqual(warnings, [])
    else
      assert.match(
        warnings.join(''),
        /trust domain elsewhere, peers of which are refused: --trust-domain is cluster\.local,old/,
      )
  })
}

test('a certificate of another identity that takes over is warned of, once', async (t) => {
  const { dir, lines, open } = await start(t)
  const files = await writeFiles(dir, 'cluster.local')
  const source = await open(files).ready
  const other = await writeFiles(dir, 'cluster.local', 'other')
  assert.deepEqual(other, files)
  const told = Promise.withResolvers<unknown>()
  source.subscribe(told.resolve)
  await told.promise
  const warnings = lines.filter((line) => line.includes('"level":"warn"'))
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /we were spiffe:.*\/sa\/way, and are spiffe:.*\/sa\/other by the new certificate/)
})

test('files that cannot be used keep it from starting', async (t) => {
  const { dir, open } = await start(t)
  await assert.rejects(open({ kind: 'files', dir }).ready, { code: 'ECREDENTIALS' })
})

test('who waits for a CA says so, and can be told to end', async (t) => {
  const { open } = await start(t)
  const opening = open(nobody)
  await new Promise(setImmediate)
  opening.close()
  await assert.rejects(opening.ready, { name: 'AbortError' })
  assert.equal(opening.status().nextRenewalMs, undefined)
})

test('who was told to end before anything was there gets nothing', async (t) => {
  const { dir, open } = await start(t)
  const opening = open({ kind: 'dev', stateDir: dir })
  opening.close()
  await assert.rejects(opening.ready, { name: 'AbortError' })
})
