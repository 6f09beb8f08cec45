import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { connect, createServer } from 'node:tls'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import { formatSpiffeId, type SpiffeId } from '../../model/identity.ts'
import type { Credentials } from '../credentials.ts'
import { clientTlsOptions, serverTlsOptions } from '../tls.ts'
import { splitPem } from '../pem.ts'
import { ChainPaths } from './chain-paths.ts'
import { judgeClient } from './peer.ts'
import { readTrustRoots } from './trust-root.ts'
import { Trust } from './trust.ts'

const TRUST_DOMAINS = ['cluster.local', 'old.example']
const named = (serviceAccount: string, trustDomain = 'cluster.local'): SpiffeId =>
  formatSpiffeId({ trustDomain, namespace: 'shop', serviceAccount })

const root = new TestCa('Root')
const waypoint = root.issue(named('waypoint'))

interface Texts {
  readonly roots?: readonly string[]
  readonly crls?: readonly string[]
  readonly own?: Credentials
}

const decode = ({ roots = [root.pem], crls, own = waypoint }: Texts, before?: Trust) =>
  Trust.decode(
    {
      certificateChainPem: own.certificateChainPem,
      trustRootsPem: roots.join(''),
      ...(crls === undefined ? {} : { crlPem: crls.join('') }),
    },
    TRUST_DOMAINS,
    Date.now(),
    before,
  )

const trustOf = (texts: Texts, before?: Trust): Trust => {
  const decoded = decode(texts, before)
  assert.ok(decoded.ok, decoded.ok ? '' : JSON.stringify(decoded.issues))
  return decoded.value
}

/** What a waypoint with these roots sees of a client, after a handshake. */
const meet = async (
  t: TestContext,
  client: Credentials,
  roots = [root.pem],
  options: TlsOptions = {},
): Promise<TLSSocket> => {
  const server = createServer({ ...serverTlsOptions({ ...waypoint, trustRootsPem: roots.join('') }), ...options })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const secure = once(server, 'secureConnection')
  const { port } = server.address() as AddressInfo
  const socket = connect({ ...clientTlsOptions({ ...client, trustRootsPem: root.pem }), host: '127.0.0.1', port })
  socket.on('error', () => {})
  const [seen]: TLSSocket[] = await secure
  assert.ok(seen)
  seen.on('error', () => {})
  t.after(() => {
    socket.destroy()
    seen.destroy()
    server.close()
  })
  return seen
}

const verdict = (socket: TLSSocket, trust: Trust, isChainProven: boolean, nowMs = Date.now()): string => {
  const peer = judgeClient(socket, trust, { nowMs, isChainProven })
  return peer.ok ? 'in' : peer.reason
}

describe('roots', () => {
  const other = new TestCa('Other')
  const both = [root.pem, other.pem]

  test('a peer is judged by the roots that are left, several or one', async (t) => {
    const ours = await meet(t, root.issue(named('client')), both)
    const theirs = await meet(t, other.issue(named('client')), both)
    for (const isChainProven of [true, false]) {
      assert.equal(verdict(ours, trustOf({ roots: both }), isChainProven), 'in')
      assert.equal(verdict(theirs, trustOf({ roots: both }), isChainProven), 'in')
    }
    assert.equal(verdict(ours, trustOf({ roots: [other.pem] }), false), 'untrustedRoot')
    assert.equal(verdict(theirs, trustOf({ roots: [other.pem] }), false), 'in')
  })

  test('a root that another one signed is one only beside that one', () => {
    const renewed = new TestCa('Other', { parent: root, keys: other.keys })
    const trust = trustOf({ roots: [root.pem, renewed.pem] })
    assert.equal(trust.roots.length, 2)
    const alone = trustOf({ roots: [other.pem, new TestCa('Third', { parent: root }).pem] })
    assert.equal(alone.roots.length, 1)
    assert.equal(alone.keepsRoots(trust), false)
  })

  test('another root of the same name is another root', async (t) => {
    const namesake = new TestCa('Root')
    const socket = await meet(t, root.issue(named('client')))
    assert.equal(verdict(socket, trustOf({ roots: [namesake.pem] }), false), 'untrustedRoot')
    assert.equal(verdict(socket, trustOf({ roots: [namesake.pem, root.pem] }), false), 'in')
  })

  test('a root that was signed anew with its key vouches for what it issued before', async (t) => {
    const socket = await meet(t, root.issue(named('client')))
    assert.equal(verdict(socket, trustOf({ roots: [new TestCa('Root', { keys: root.keys }).pem] }), false), 'in')
  })

  test('CAs on the way are followed, as long as the root is there', async (t) => {
    const deep = new TestCa('Issuer', { parent: new TestCa('Region', { parent: root }) })
    const socket = await meet(t, deep.issue(named('client')))
    assert.equal(verdict(socket, trustOf({}), false), 'in')
    assert.equal(verdict(socket, trustOf({ roots: [other.pem] }), false), 'untrustedRoot')
  })

  test('a CA that a peer shows beside its chain vouches for nothing', async (t) => {
    // Same name and key identifier as the root's, so that Node takes it for the issuer, and not the root's key.
    const client = root.issue(named('client'))
    const shown = { ...client, certificateChainPem: client.certificateChainPem + new TestCa('Root').pem }
    const socket = await meet(t, shown)
    assert.equal(verdict(socket, trustOf({ roots: [other.pem] }), false), 'untrustedRoot')
  })

  /** Whether a chain that OpenSSL may have refused is followed to the root. */
  const isFollowed = async (t: TestContext, client: Credentials, nowMs = Date.now()): Promise<boolean> => {
    const socket = await meet(t, client, [root.pem], { rejectUnauthorized: false })
    const certificate = socket.getPeerX509Certificate()
    assert.ok(certificate)
    return trustOf({}).refuse(certificate, { nowMs, isChainProven: false }) === undefined
  }

  test('a signature counts, and not what a certificate says of its issuer', async (t) => {
    const issuer = new TestCa('Issuer', { parent: root })
    const signer = new TestCa('x').keys.privateKey
    assert.equal(await isFollowed(t, issuer.issue(named('client'))), true)
    assert.equal(await isFollowed(t, issuer.issue(named('client'), { signer })), false)
    assert.equal(await isFollowed(t, root.issue(named('client'), { signer })), false)
  })

  test('a CA on the way that is expired, or not yet valid', async (t) => {
    const hour = 3_600_000
    const parts = { parent: root, notBeforeMs: Date.now() - hour, notAfterMs: Date.now() + hour }
    const client = new TestCa('Issuer', parts).issue(named('client'))
    assert.equal(await isFollowed(t, client), true)
    assert.equal(await isFollowed(t, client, Date.now() + 2 * hour), false)
    const next = new TestCa('Next', { parent: root, notBeforeMs: Date.now() + hour })
    assert.equal(await isFollowed(t, next.issue(named('client'))), false)
  })

  test('a chain of more CAs than any mesh has is not followed', async (t) => {
    let issuer = root
    for (let i = 1; i <= 8; i++) issuer = new TestCa(`CA ${i}`, { parent: issuer })
    assert.equal(await isFollowed(t, issuer.issue(named('client'))), true)
    issuer = new TestCa('CA 9', { parent: issuer })
    assert.equal(await isFollowed(t, issuer.issue(named('client'))), false)
  })

  test('an expired root vouches for nobody', async (t) => {
    const socket = await meet(t, root.issue(named('client'), { notAfterMs: Date.now() + 400 * 86_400_000 }))
    assert.equal(verdict(socket, trustOf({}), false, Date.now() + 2 * 86_400_000), 'untrustedRoot')
  })

  test('what changed is known: nothing, more roots, fewer roots', () => {
    const one = trustOf({})
    const two = trustOf({ roots: both }, one)
    assert.ok(trustOf({}, one).keeps(one))
    assert.ok(two.keeps(one))
    assert.ok(!one.keeps(two))
    assert.ok(!one.keepsRoots(two))
    const crls = [root.revoke([])]
    assert.ok(!trustOf({ crls }).keeps(one))
    assert.ok(trustOf({ crls }).keepsRoots(one))
    assert.ok(!one.keeps(trustOf({ crls })))
  })
})

test('trust domains are ours and its aliases, and compared whole', async (t) => {
  const cases = {
    'cluster.local': 'in',
    'old.example': 'in',
    'cluster.loca': 'foreignTrustDomain',
    'x.example': 'foreignTrustDomain',
  }
  for (const [trustDomain, expected] of Object.entries(cases)) {
    const socket = await meet(t, root.issue(named('client', trustDomain)))
    assert.equal(verdict(socket, trustOf({}), true), expected, trustDomain)
  }
})

test('a certificate that runs out while its connection is open', async (t) => {
  const client = root.issue(named('client'))
  const socket = await meet(t, client)
  assert.equal(verdict(socket, trustOf({}), true, client.notAfterMs - 2000), 'in')
  assert.equal(verdict(socket, trustOf({}), true, client.notAfterMs), 'expired')
})

describe('revocation', () => {
  const revoked = root.issue(named('revoked'))
  const fine = root.issue(named('fine'))
  const crl = root.revoke([revoked.certificateChainPem])

  for (const isChainProven of [true, false]) {
    test(`who is on the list of its CA is refused, nobody else (proven: ${isChainProven})`, async (t) => {
      const trust = trustOf({ crls: [crl] })
      assert.equal(verdict(await meet(t, revoked), trust, isChainProven), 'revoked')
      assert.equal(verdict(await meet(t, fine), trust, isChainProven), 'in')
    })
  }

  test('without a list nobody is revoked, and with one of another CA', async (t) => {
    const socket = await meet(t, revoked)
    assert.equal(verdict(socket, trustOf({}), true), 'in')
    const other = new TestCa('Other')
    assert.equal(verdict(socket, trustOf({ crls: [other.revoke([revoked.certificateChainPem])] }), true), 'in')
  })

  for (const [what, dates] of [
    ['is out of date', { thisUpdateMs: 0, nextUpdateMs: 1000 }],
    ['is not yet in force', { thisUpdateMs: Date.now() + 1e7, nextUpdateMs: Date.now() + 2e7 }],
    ['promises no next one', { nextUpdateMs: null }],
  ] as const) {
    test(`a list that ${what} counts all the same`, async (t) => {
      const trust = trustOf({ crls: [root.revoke([revoked.certificateChainPem], dates)] })
      assert.equal(verdict(await meet(t, revoked), trust, true), 'revoked')
      assert.equal(verdict(await meet(t, fine), trust, true), 'in')
    })
  }

  test('several lists of one CA count together', async (t) => {
    const trust = trustOf({ crls: [root.revoke([fine.certificateChainPem]), crl] })
    assert.equal(verdict(await meet(t, revoked), trust, true), 'revoked')
    assert.equal(verdict(await meet(t, fine), trust, true), 'revoked')
  })

  test('a list that its CA did not sign is refused', () => {
    const forged = root.revoke([revoked.certificateChainPem], { signer: new TestCa('x').keys.privateKey })
    for (const crls of [[forged], [crl, forged]]) {
      const decoded = decode({ crls })
      assert.match(decoded.ok ? 'taken' : (decoded.issues[0]?.message ?? ''), /list \d of \d is not signed by the CA/)
    }
  })

  test('a list of a CA whose keys were replaced is not one of its successor, and holds nothing up', async (t) => {
    const successor = new TestCa('Root')
    const trust = trustOf({ roots: [successor.pem], crls: [crl] })
    assert.equal(verdict(await meet(t, successor.issue(named('client')), [successor.pem]), trust, true), 'in')
  })

  test('a CA on the way is revoked, and with it all that it issued', async (t) => {
    const issuer = new TestCa('Issuer', { parent: root })
    const socket = await meet(t, issuer.issue(named('client')))
    for (const isChainProven of [true, false]) {
      assert.equal(verdict(socket, trustOf({ crls: [crl] }), isChainProven), 'in')
      assert.equal(verdict(socket, trustOf({ crls: [root.revoke([issuer.pem])] }), isChainProven), 'revoked')
    }
  })

  test('a CA on the way is revoked whose name is that of the root', async (t) => {
    const next = new TestCa('Root', { parent: root })
    const socket = await meet(t, next.issue(named('client')))
    assert.equal(verdict(socket, trustOf({ crls: [root.revoke([next.pem])] }), true), 'revoked')
  })

  test('a list of a CA that nobody has met waits for a peer that shows it', async (t) => {
    const issuer = new TestCa('Issuer', { parent: root })
    const [bad, good] = [issuer.issue(named('bad')), issuer.issue(named('good'))]
    const trust = trustOf({ crls: [issuer.revoke([bad.certificateChainPem])] })
    assert.equal(verdict(await meet(t, bad), trust, true), 'revoked')
    assert.equal(verdict(await meet(t, good), trust, true), 'in')
  })

  test('and what somebody else signed in its name counts for nothing', async (t) => {
    const issuer = new TestCa('Issuer', { parent: root })
    const client = issuer.issue(named('client'))
    const forged = issuer.revoke([client.certificateChainPem], { signer: new TestCa('x').keys.privateKey })
    const trust = trustOf({ crls: [forged] })
    const socket = await meet(t, client)
    assert.equal(verdict(socket, trust, true), 'in')
    assert.equal(verdict(socket, trust, true), 'in')
    assert.equal(verdict(await meet(t, issuer.issue(named('other'))), trust, true), 'in')
  })

  test('the chain of a peer may be in any order, and have others among it', async (t) => {
    const issuer = new TestCa('Issuer', { parent: root })
    const second = new TestCa('Second Issuer', { parent: issuer })
    const client = second.issue(named('client'))
    const [leaf = '', ...cas] = splitPem('CERTIFICATE', client.certificateChainPem) ?? []
    const chain = [leaf, new TestCa('Stranger').pem, ...cas.toReversed()].join('\n')
    const socket = await meet(t, { ...client, certificateChainPem: chain })
    assert.equal(verdict(socket, trustOf({}), false), 'in')
    assert.equal(verdict(socket, trustOf({ crls: [issuer.revoke([])] }), true), 'in')
    assert.equal(verdict(socket, trustOf({ crls: [issuer.revoke([second.pem])] }), true), 'revoked')
    assert.equal(verdict(socket, trustOf({ roots: [new TestCa('Other').pem] }), false), 'untrustedRoot')
  })

  test('a peer that shows very many CAs of one name is looked at for so long and no longer', () => {
    // OpenSSL lets in none of them; this is what the search would be given.
    const issuer = new TestCa('Issuer', { parent: root })
    const client = new X509Certificate(issuer.issue(named('client')).certificateChainPem)
    const same = Array.from({ length: 30 }, () => new X509Certificate(new TestCa('Issuer', { keys: issuer.keys }).pem))
    const paths = new ChainPaths(readTrustRoots(root.pem))
    const shown = (strangers: number) => [...same.slice(0, strangers), issuer.certificate]
    assert.equal(paths.find(client, Date.now(), shown(30)), undefined)
    assert.ok(paths.find(client, Date.now(), shown(1)))
  })

  test('our own chain shows CAs too, so that a forged list of theirs is refused at once', () => {
    const issuer = new TestCa('Issuer', { parent: root })
    const own = issuer.issue(named('waypoint'))
    assert.equal(decode({ own, crls: [issuer.revoke([])] }).ok, true)
    const forged = issuer.revoke([], { signer: new TestCa('x').keys.privateKey })
    assert.equal(decode({ own, crls: [forged] }).ok, false)
  })

  test('lists that stay are not read again', () => {
    const trust = trustOf({ crls: [crl] })
    assert.equal(trustOf({ crls: [crl] }, trust).lists, trust.lists)
  })
})
