import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { createDevCa } from '../identity/ca/dev-ca.ts'
import { systemClock } from '../lib/clock.ts'
import { decodeIdentity, loadClientCredentials, stateDir } from './client-credentials.ts'

const createFolder = (context: TestContext): string => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'fairway-cli-'))
  context.after(() => fs.rmSync(dir, { recursive: true, force: true }))
  return dir
}

const identities: readonly (readonly [text: string, identity: string])[] = [
  ['shop/web', 'spiffe://cluster.local/ns/shop/sa/web'],
  ['td.example/shop/web', 'spiffe://td.example/ns/shop/sa/web'],
  ['spiffe://td.example/ns/shop/sa/web', 'spiffe://td.example/ns/shop/sa/web'],
]
for (const [text, identity] of identities) {
  test(`--from ${text} is ${identity}`, () => assert.equal(decodeIdentity(text), identity))
}

for (const text of ['', 'web', 'a/b/c/d', '/web', 'shop/', 'shop/we b', 'spiffe://td/shop/web', 'UPPER.td/shop/web']) {
  test(`--from ${JSON.stringify(text)} names no workload`, () => {
    assert.throws(() => decodeIdentity(text), { exitCode: 64, message: /names no workload/ })
  })
}

test('without certificates the development CA of the folder issues what is asked for', async (context) => {
  const cwd = createFolder(context)
  const options = { certs: undefined, cwd, clock: systemClock }
  const asked = await loadClientCredentials({ ...options, identity: decodeIdentity('shop/web') })
  const usual = await loadClientCredentials({ ...options, identity: undefined })
  assert.equal(asked.identity, 'spiffe://cluster.local/ns/shop/sa/web')
  assert.equal(usual.identity, 'spiffe://cluster.local/ns/default/sa/fairway-request')
  assert.equal(asked.trustRootsPem, usual.trustRootsPem)
  assert.ok(fs.existsSync(path.join(cwd, '.fairway', 'dev-ca.pem')))
})

test('certificates in files are used as they are; --from must agree with them', async (context) => {
  const cwd = createFolder(context)
  const ca = await createDevCa({ dir: stateDir(cwd), trustDomain: 'cluster.local', clock: systemClock })
  const issued = await ca.issue(decodeIdentity('shop/web'))
  fs.mkdirSync(path.join(cwd, 'certs'))
  fs.writeFileSync(path.join(cwd, 'certs', 'cert-chain.pem'), issued.certificateChainPem)
  fs.writeFileSync(path.join(cwd, 'certs', 'key.pem'), issued.privateKeyPem)
  fs.writeFileSync(path.join(cwd, 'certs', 'root-cert.pem'), issued.trustRootsPem)
  const options = { certs: 'certs', cwd, clock: systemClock }
  assert.equal((await loadClientCredentials({ ...options, identity: undefined })).identity, issued.identity)
  assert.equal((await loadClientCredentials({ ...options, identity: issued.identity })).identity, issued.identity)
  await assert.rejects(loadClientCredentials({ ...options, identity: decodeIdentity('shop/other') }), {
    exitCode: 78,
    message: /--from asks for .*sa\/other, the certificate in certs is .*sa\/web/,
  })
})

test('a folder without certificates is named', async (context) => {
  const cwd = createFolder(context)
  await assert.rejects(
    loadClientCredentials({ certs: 'none', cwd, clock: systemClock, identity: undefined }),
    (error: Error) => error.message.includes(path.join(cwd, 'none')) && error.message.includes('cert-chain.pem'),
  )
})
