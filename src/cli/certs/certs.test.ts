import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { createTerminal } from '../../../test/support/terminal.ts'
import { createDevCa } from '../../identity/ca/dev-ca.ts'
import type { CertsDocument } from '../../identity/report/certs-document.ts'
import { systemClock } from '../../lib/clock.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { runProgram } from '../program.ts'
import { verbs } from '../verbs.ts'

const identity = formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'waypoint' })
const HOUR_MS = 3_600_000

let cwd = ''
let admin: Server
let answer: { readonly status: number; readonly body: string } = { status: 200, body: '' }

const put = (folder: string, files: Readonly<Record<string, string>>): void => {
  mkdirSync(join(cwd, folder))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, folder, name), text)
}

before(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'fairway-certs-'))
  const [ca, foreign] = await Promise.all(
    ['ca', 'foreign'].map((name) =>
      createDevCa({ dir: join(cwd, name), trustDomain: 'cluster.local', clock: systemClock }),
    ),
  )
  assert.ok(ca !== undefined && foreign !== undefined)
  const files = async (from = ca, ttlMs = 24 * HOUR_MS): Promise<Record<string, string>> => {
    const set = await from.issue(identity, { ttlMs })
    return {
      'cert-chain.pem': set.certificateChainPem,
      'key.pem': set.privateKeyPem,
      'root-cert.pem': set.trustRootsPem,
    }
  }
  const good = await files()
  put('good', good)
  put('expired', await files(ca, -1000))
  put('wrong-key', { ...good, 'key.pem': (await files())['key.pem'] ?? '' })
  put('strangers', { ...good, 'root-cert.pem': (await files(foreign))['root-cert.pem'] ?? '' })
  put('half', { 'cert-chain.pem': good['cert-chain.pem'] ?? '' })
  admin = createServer((request, response) => {
    response.writeHead(request.url === '/certs' ? answer.status : 404, { 'content-type': 'application/json' })
    response.end(answer.body)
  })
  admin.listen(0, '127.0.0.1')
  await once(admin, 'listening')
})
after(() => {
  admin.close()
  rmSync(cwd, { recursive: true, force: true })
})

const run = async (...args: readonly string[]) => {
  const terminal = createTerminal({ cwd })
  const code = await runProgram({ version: '0', verbs }, ['certs', ...args], terminal)
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() }
}

describe('fairway certs --certs', () => {
  const cases: readonly (readonly [folder: string, code: number, ...troubles: readonly RegExp[]])[] = [
    ['good', 0],
    ['expired', 79, /waypoint expired at/],
    ['wrong-key', 79, /^key\.pem: the private key does not belong to the certificate/],
    ['strangers', 79, /no trust root signed our chain/],
  ]
  for (const [folder, code, ...troubles] of cases) {
    it(`of a folder that is ${folder}`, async () => {
      const found = await run('--certs', folder, '-o', 'json')
      const document: CertsDocument = JSON.parse(found.stdout)
      assert.deepEqual([found.code, found.stderr, document.identity], [code, '', identity])
      assert.equal(document.source.place, join(cwd, folder))
      assert.equal(document.troubles.length, troubles.length, document.troubles.join('\n'))
      for (const [i, pattern] of troubles.entries()) assert.match(document.troubles[i] ?? '', pattern)
      assert.ok(!found.stdout.includes('PRIVATE KEY'))
    })
  }

  it('says the same for people and as YAML', async () => {
    const table = await run('--certs', 'good')
    assert.match(table.stdout, new RegExp(`^${identity}\n  valid +23 hours 59 minutes more`))
    assert.match((await run('--certs', 'good', '-o', 'wide')).stdout, /EC prime256v1/)
    const document = parse((await run('--certs', 'good', '-o', 'yaml')).stdout)
    assert.deepEqual([document.identity, document.trustDomains], [identity, ['cluster.local']])
  })

  it('tells what is missing from a folder', async () => {
    const { code, stderr, stdout } = await run('--certs', 'half')
    assert.deepEqual([code, stdout], [65, ''])
    for (const name of ['key', 'root-cert']) assert.match(stderr, new RegExp(`half: .*${name}\\.pem cannot be read`))
  })
})

describe('fairway certs --admin', () => {
  const ask = (...args: readonly string[]) => {
    const address = admin.address()
    assert.ok(typeof address === 'object' && address !== null)
    return run('--admin', `127.0.0.1:${address.port}`, ...args)
  }
  const document: CertsDocument = {
    trustDomains: ['cluster.local'],
    source: { kind: 'istiod', rotations: 0, failures: 1, waitingFor: 'istiod' },
    chain: [],
    trustRoots: [],
    revocationLists: [],
    troubles: ['there is no certificate yet'],
  }

  it('prints what the waypoint answers', async () => {
    answer = { status: 200, body: JSON.stringify(document) }
    const { code, stdout } = await ask('-o', 'json')
    const head = { apiVersion: 'cli.fairway.dev/v1alpha1', kind: 'Certificates' }
    assert.deepEqual([code, JSON.parse(stdout)], [79, { ...head, ...document }])
    assert.match((await ask()).stdout, /^no identity yet\n[^]*! there is no certificate yet\n$/)
    answer = { status: 200, body: JSON.stringify({ ...document, troubles: [] }) }
    assert.equal((await ask()).code, 0)
  })

  const bad: readonly (readonly [what: string, status: number, body: string])[] = [
    ['an older waypoint', 404, '{"error":"nothing at /certs"}'],
    ['something else', 200, '<html>'],
    ['other JSON', 200, '{"chain":[]}'],
    ['null', 200, 'null'],
    ['a list of nothing', 200, JSON.stringify({ ...document, chain: [null] })],
    ['dates that are none', 200, JSON.stringify({ ...document, validity: { from: '\u001b[2J', until: '' } })],
    ['numbers that are words', 200, JSON.stringify({ ...document, source: { kind: 'files', rotations: 'many' } })],
    ['another place', 302, ''],
  ]
  for (const [what, status, body] of bad) {
    it(`of ${what}`, async () => {
      answer = { status, body }
      const { code, stderr, stdout } = await ask()
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, new RegExp(`/certs answered ${status}, which says nothing of certificates`))
    })
  }

  it('of somebody who does not come to an end', async () => {
    answer = { status: 200, body: ' '.repeat(3e6) }
    const { code, stderr } = await ask()
    assert.equal(code, 1)
    assert.match(stderr, /cannot be asked: more than 2 MB/)
  })

  it('that would write to the terminal gets its words escaped', async () => {
    const evil = '\u001b]0;x\u0007'
    const date = '2026-11-21T11:00:00.000Z'
    const view = { subject: evil, issuer: evil, names: [evil], serialNumber: evil, sha256: evil, key: evil }
    const root = { ...view, notBefore: date, notAfter: date, federatedDomain: evil }
    const lists = [{ issuer: evil, thisUpdate: date, revoked: 1 }]
    const source = { kind: evil, place: evil, rotations: 1, failures: 1, lastFailure: { at: date, message: evil } }
    const words = { identity: evil, trustDomains: [evil, evil], source, troubles: [evil] }
    answer = {
      status: 200,
      body: JSON.stringify({ ...words, chain: [root], trustRoots: [root], revocationLists: lists }),
    }
    for (const format of ['table', 'wide', 'yaml', 'json']) {
      const { code, stdout } = await ask('-o', format)
      assert.equal(code, 79)
      assert.equal(stdout.includes('\u001b') || stdout.includes('\u0007'), false, format)
    }
  })

  it('of nobody', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const address = closed.address()
    assert.ok(typeof address === 'object' && address !== null)
    closed.close()
    const { code, stderr } = await run('--admin', `127.0.0.1:${address.port}`)
    assert.equal(code, 1)
    assert.match(stderr, /127\.0\.0\.1:\d+\/certs cannot be asked: ECONNREFUSED/)
    assert.match(stderr, /--certs DIR looks into a folder/)
  })

  it('and a folder are not both looked at', async () => {
    assert.equal((await ask('--certs', 'good')).code, 64)
  })
})
