import * as grpc from '@grpc/grpc-js'
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { CA_NAME, IstioCa } from '../../../test/support/ca/istio-ca.ts'
import { createFakeClock } from '../../../test/support/fake-clock.ts'
import { createLogger } from '../../lib/log.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { CredentialTally } from '../credential-tally.ts'
import { splitPem } from '../pem.ts'
import { callCertificateAuthority, type CertificateCall } from './certificate-call.ts'
import { createIstiodCredentials, type IstiodOptions } from './istiod.ts'

const identity = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'waypoint' })
const HOUR_MS = 3_600_000

/** A CA that runs, the files that a pod has, and a clock that moves only when it is told to; the CA's is the same. */
const start = async (t: TestContext) => {
  const dir = await mkdtemp(join(tmpdir(), 'fairway-istiod-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const clock = createFakeClock(Math.floor(Date.now() / 1000) * 1000)
  const ca = new IstioCa({ nowMs: clock.nowMs })
  await ca.start()
  t.after(() => ca.stop())
  const paths = { token: join(dir, 'token'), roots: join(dir, 'root-cert.pem'), crl: join(dir, 'ca-crl.pem') }
  await writeFile(paths.token, `${ca.tokenFor('shop', 'waypoint')}\n`)
  await writeFile(paths.roots, ca.rootPem)
  const lines: string[] = []
  const news = new EventTarget()
  const log = createLogger({
    level: 'debug',
    clock,
    write: (line) => {
      lines.push(line)
      news.dispatchEvent(new Event('line'))
    },
  })
  /** The first line that fits, now or later: each line wakes whoever waits, so no test sleeps. */
  const line = async (fits: RegExp): Promise<string> => {
    for (;;) {
      const found = lines.find((text) => fits.test(text))
      if (found !== undefined) return found
      await new Promise((resolve) => news.addEventListener('line', resolve, { once: true }))
    }
  }
  const stop = new AbortController()
  const tally = new CredentialTally('istiod')
  const open = (changes: Partial<IstiodOptions> = {}) => {
    const opening = createIstiodCredentials({
      address: ca.address,
      serverName: CA_NAME,
      caRootPath: undefined,
      meshRootsPath: paths.roots,
      crlPath: paths.crl,
      tokenPath: paths.token,
      clusterId: 'Kubernetes',
      ttlMs: HOUR_MS,
      certSigner: undefined,
      account: undefined,
      trustDomain: 'cluster.local',
      fallbackAccount: { namespace: 'shop', serviceAccount: 'gateway' },
      call: callCertificateAuthority,
      clock,
      log,
      random: () => 0.5,
      tally,
      signal: stop.signal,
      ...changes,
    })
    t.after(async () => {
      stop.abort()
      await opening.then(
        (source) => source.close(),
        () => {},
      )
    })
    return opening
  }
  return { dir, clock, ca, paths, lines, line, tally, open }
}

test('a certificate is issued, with its intermediate, and with roots of both sides', async (t) => {
  const { ca, open, clock } = await start(t)
  const source = await open()
  const credentials = source.current()
  assert.equal(credentials.identity, identity)
  assert.equal(credentials.notAfterMs, clock.nowMs() + HOUR_MS)
  const [leaf, issuer] = splitPem('CERTIFICATE', credentials.certificateChainPem) ?? []
  assert.ok(leaf !== undefined && issuer !== undefined)
  assert.equal(new X509Certificate(leaf).verify(new X509Certificate(issuer).publicKey), true)
  assert.equal(new X509Certificate(issuer).verify(new X509Certificate(ca.rootPem).publicKey), true)
  assert.deepEqual(splitPem('CERTIFICATE', credentials.trustRootsPem)?.length, 1)
  const [call] = ca.calls
  assert.equal(call?.code, 'OK')
  assert.deepEqual(call.uris, [identity])
  assert.equal(call.clusterId, 'Kubernetes')
  assert.equal(call.request.validitySeconds, 3600)
  assert.deepEqual(call.request.metadata, {})
})

test('a signer is named, and an account that was told is asked for', async (t) => {
  const { ca, open } = await start(t)
  await open({ certSigner: 'example.com/mesh', account: { namespace: 'a', serviceAccount: 'b' } })
  assert.deepEqual(ca.calls[0]?.request.metadata, { CertSigner: 'example.com/mesh' })
  assert.deepEqual(ca.calls[0]?.uris, ['spiffe://cluster.local/ns/a/sa/b'])
})

test('an account other than the one that was told is warned of, once', async (t) => {
  const { lines, open, clock } = await start(t)
  await open({ account: { namespace: 'shop', serviceAccount: 'waypoint' } })
  const source = await open({ account: { namespace: 'shop', serviceAccount: 'other' } })
  const told = new Promise((resolve) => source.subscribe(resolve))
  clock.advance(HOUR_MS / 2)
  await told
  assert.equal(source.current().identity, identity)
  const warnings = lines.filter((text) => text.includes('"level":"warn"'))
  assert.equal(warnings.length, 1)
  assert.match(
    warnings[0] ?? '',
    /we asked to be shop\/other \(.*\), and the CA certified us as spiffe:.*\/sa\/waypoint"/,
  )
})

test('the token is read at each call, so that the next one counts when it has expired', async (t) => {
  const { ca, open, paths, clock } = await start(t)
  const source = await open()
  const told = new Promise((resolve) => source.subscribe(resolve))
  const token = ca.calls[0]?.token ?? ''
  ca.revokeToken(token)
  await writeFile(paths.token, ca.tokenFor('shop', 'waypoint'))
  clock.advance(HOUR_MS / 2)
  await told
  assert.deepEqual(
    ca.calls.map(({ code }) => code),
    ['OK', 'OK'],
  )
  assert.notEqual(ca.calls[1]?.token, token)
  assert.equal(source.current().notAfterMs, clock.nowMs() + HOUR_MS)
})

test('a key is made for each certificate, and never leaves', async (t) => {
  const { ca, open, clock } = await start(t)
  const source = await open()
  const first = source.current()
  const told = new Promise((resolve) => source.subscribe(resolve))
  clock.advance(HOUR_MS / 2)
  await told
  assert.notEqual(source.current().privateKeyPem, first.privateKeyPem)
  assert.doesNotMatch(JSON.stringify(ca.calls), /PRIVATE KEY/)
})

const failures: readonly {
  readonly what: string
  readonly spoil: (started: Awaited<ReturnType<typeof start>>) => Promise<Partial<IstiodOptions> | void>
  readonly message: RegExp
}[] = [
  {
    what: 'a token that the CA does not take',
    spoil: ({ paths }) => writeFile(paths.token, 'e30.e30.c2ln'),
    message: /UNAUTHENTICATED: authentication failure: is the token meant for this CA/,
  },
  {
    what: 'a cluster that it does not know',
    spoil: async () => ({ clusterId: 'eu' }),
    message: /UNAUTHENTICATED: unknown cluster eu: is the token .* CLUSTER_ID a cluster that it knows\?$/,
  },
  {
    what: 'a longer life than the CA gives',
    spoil: async ({ ca }) => {
      const details = 'CSR signing error (requested TTL 48h0m0s is greater than the max allowed TTL 24h0m0s)'
      ca.failure = { code: grpc.status.INVALID_ARGUMENT, details }
    },
    message: /INVALID_ARGUMENT: CSR signing error \(.* max allowed TTL 24h0m0s\): SECRET_TTL asks for it$/,
  },
  {
    what: 'a token that is not there',
    spoil: ({ paths }) => rm(paths.token),
    message: /the service account token cannot be read \(ENOENT.*: is the volume mounted\?$/,
  },
  {
    what: 'a token that is none',
    spoil: ({ paths }) => writeFile(paths.token, 'half\nsecret'),
    message: /the service account token in .* is empty, or no token$/,
  },
  {
    what: 'a token as large as no token is',
    spoil: ({ paths }) => writeFile(paths.token, 'secret'.repeat(20_000)),
    message: /the service account token in .* has 120000 characters: is it another file\?$/,
  },
  {
    what: 'roots that are not there',
    spoil: ({ paths }) => rm(paths.roots),
    message:
      /there are no roots in .*root-cert\.pem, .* mount the ConfigMap istio-ca-root-cert there, or set --ca-root$/,
  },
  {
    what: 'a CA that is somebody else',
    spoil: ({ paths }) => writeFile(paths.roots, new IstioCa().rootPem),
    message:
      /UNAVAILABLE: unable to get local issuer certificate: is it the CA of this mesh\? --ca-root has no root for it$/,
  },
  {
    what: 'a CA of another name',
    spoil: async () => ({ serverName: 'istiod.elsewhere.svc' }),
    message: /UNAVAILABLE: Hostname\/IP does not match certificate's altnames: .* DNS:istiod\.istio-system\.svc$/,
  },
  {
    what: 'nobody there',
    spoil: async ({ ca }) => ca.stop(),
    message: /UNAVAILABLE: connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
  },
  {
    what: 'an answer without roots',
    spoil: async () => ({ call: async () => ({ ok: true, chain: ['x'] }) }),
    message: /its answer has 1 elements, where a certificate and roots were expected$/,
  },
  {
    what: 'an answer that is no certificate',
    spoil: async () => ({ call: async () => ({ ok: true, chain: ['x', 'y'] }) }),
    message: /its answer cannot be used: no certificate found/,
  },
  {
    what: 'a certificate for another key',
    spoil: async ({ ca }) => {
      const other = await ca.issue(identity)
      return { call: async () => ({ ok: true, chain: [other.certificateChainPem, other.trustRootsPem] }) }
    },
    message: /its answer cannot be used: the private key does not belong/,
  },
  {
    what: 'an answer whose roots are cut off, beside roots that are mounted',
    spoil: async ({ ca }) => ({
      call: async () => ({ ok: true, chain: ['x', ca.rootPem.slice(0, 100)] }),
    }),
    message: /its answer cannot be used: a certificate is cut off/,
  },
  {
    what: 'a CA that repeats the token',
    spoil: async ({ ca, paths }) => {
      await writeFile(paths.token, 'opaque-secret.eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0')
      ca.failure = {
        code: grpc.status.UNAUTHENTICATED,
        details: 'no opaque-secret.eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0; nor eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.x',
      }
    },
    message: /UNAUTHENTICATED: no \(hidden\); nor \(hidden\): is the token/,
  },
  {
    what: 'an unreadable list of revoked certificates, at the start',
    spoil: ({ paths }) => writeFile(paths.crl, '-----BEGIN X509 CRL-----\nAAAA'),
    message: /its answer cannot be used: a revocation list is cut off/,
  },
]

for (const { what, spoil, message } of failures) {
  test(`${what} is waited out, with the reason`, async (t) => {
    const started = await start(t)
    const token = started.ca.tokenFor('shop', 'waypoint')
    const changes = await spoil(started)
    const opening = started.open(changes ?? {})
    const line = await started.line(/no certificate from istiod at /)
    const status = started.tally.status()
    assert.equal(status.waitingFor, `a certificate from istiod at ${started.ca.address}`)
    assert.equal(status.failures, 1)
    assert.match(status.lastFailure?.message ?? '', message)
    assert.doesNotMatch(line, /secret|PRIVATE KEY/)
    assert.equal(line.includes(token), false)
    void opening.catch(() => {})
  })
}

test('what a CA says goes to the log in moderation, and without the token', async (t) => {
  const { ca, open, line, tally } = await start(t)
  ca.failure = { code: grpc.status.INTERNAL, details: 'x'.repeat(2000) }
  const opening = open()
  opening.catch(() => {})
  assert.ok((await line(/INTERNAL/)).length < 1000)
  assert.match(tally.status().lastFailure?.message ?? '', /^INTERNAL: x{500}…$/)
})

/** Has the files looked at, as the poll does it. */
const look = (clock: { readonly advance: (ms: number) => void }): void => clock.advance(30_000)

test('a root that is added to the mounted file is trusted at once, and a new certificate is asked for soon', async (t) => {
  const { ca, open, paths, clock, line, lines } = await start(t)
  const source = await open()
  const before = source.current()
  const changed = new Promise((resolve) => source.subscribe(resolve))
  ca.addRoot('second')
  await writeFile(paths.roots, ca.rootPem)
  look(clock)
  await changed
  const after = source.current()
  assert.equal(after.certificateChainPem, before.certificateChainPem)
  assert.equal(splitPem('CERTIFICATE', after.trustRootsPem)?.length, 2)
  await line(/whom to trust has changed/)
  ca.signWith('second')
  const renewed = new Promise((resolve) => source.subscribe(resolve))
  clock.advance(15_000)
  await renewed
  const [, issuer = ''] = splitPem('CERTIFICATE', source.current().certificateChainPem) ?? []
  assert.match(new X509Certificate(issuer).issuer, /second root/)
  assert.equal(lines.filter((text) => text.includes('whom to trust')).length, 1)
})

test('a root that is taken out of file and answer is trusted no more', async (t) => {
  const { ca, open, paths, clock } = await start(t)
  ca.addRoot('second')
  await writeFile(paths.roots, ca.rootPem)
  const source = await open()
  assert.equal(splitPem('CERTIFICATE', source.current().trustRootsPem)?.length, 2)
  ca.signWith('second')
  ca.dropRoot('first')
  await writeFile(paths.roots, ca.rootPem)
  // Its own certificate is of the new root by then.
  ca.stop()
  await ca.start()
  look(clock)
  for (;;) {
    const changed = new Promise((resolve) => source.subscribe(resolve))
    clock.advance(15_000)
    await changed
    if (splitPem('CERTIFICATE', source.current().trustRootsPem)?.length === 1) break
  }
  assert.equal(source.current().trustRootsPem, ca.rootPem)
})

test('a pod without revocation lists is told so once, and warned of nothing', async (t) => {
  const { open, lines, clock, line } = await start(t)
  await open()
  await line(/there is no .*ca-crl\.pem: nobody looks whether a certificate was revoked/)
  look(clock)
  assert.deepEqual(
    lines.filter((text) => /"level":"(warn|error)"/.test(text)),
    [],
  )
})

test('revocation lists that are cut off later leave those before them, and hold back nothing else', async (t) => {
  const { ca, open, paths, clock, line, tally } = await start(t)
  const source = await open()
  await writeFile(paths.crl, '-----BEGIN X509 CRL-----\nAAAA')
  look(clock)
  await line(/revocation lists of .* are refused: a revocation list is cut off.*those before them stay in force/)
  assert.equal(tally.status().failures, 1)
  const changed = new Promise((resolve) => source.subscribe(resolve))
  ca.addRoot('second')
  await writeFile(paths.roots, ca.rootPem)
  look(clock)
  await changed
  assert.equal(source.current().crlPem, undefined)
  assert.equal(tally.status().hasRecovered, undefined)
  assert.equal(splitPem('CERTIFICATE', source.current().trustRootsPem)?.length, 2)
})

test('public CAs are whom Node trusts', async (t) => {
  const { open, line } = await start(t)
  const asked: CertificateCall[] = []
  const call = async (request: CertificateCall) => {
    asked.push(request)
    return { ok: false, message: 'never mind' } as const
  }
  open({ caRootPath: 'SYSTEM', call }).catch(() => {})
  await line(/never mind/)
  assert.equal(asked[0]?.rootsPem, undefined)
})

test('a mounted file that is cut off leaves what was there before, and says so once', async (t) => {
  const { ca, open, paths, clock, line, lines } = await start(t)
  const source = await open()
  const before = source.current()
  await writeFile(paths.roots, ca.rootPem.slice(0, 100))
  look(clock)
  await line(/root-cert\.pem: a certificate is cut off.*what was there before stays in force/)
  const told = new Promise((resolve) => source.subscribe(resolve))
  clock.advance(HOUR_MS / 2)
  await told
  assert.equal(source.current().trustRootsPem, before.trustRootsPem)
  assert.equal(lines.filter((text) => text.includes('cut off')).length, 1)
})

test('roots of the CA alone are trusted there, and nowhere else', async (t) => {
  const { ca, open, paths, dir, clock } = await start(t)
  const elsewhere = join(dir, 'ca.pem')
  await writeFile(elsewhere, ca.rootPem)
  const mesh = new IstioCa()
  await writeFile(paths.roots, mesh.rootPem)
  const source = await open({ caRootPath: elsewhere })
  // The CA names its own root in its answer.
  assert.equal(source.current().trustRootsPem, mesh.rootPem + ca.rootPem)
  const changed = new Promise((resolve) => source.subscribe(resolve))
  mesh.addRoot('second')
  await writeFile(paths.roots, mesh.rootPem)
  look(clock)
  await changed
  assert.equal(source.current().trustRootsPem, mesh.rootPem + ca.rootPem)
})
