import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { openTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { Mesh, VIP, identityOf, until } from '../../../test/support/mesh/mesh.ts'

/** What ztunnel offers with COMPLIANCE_POLICY=pqc, and nothing else. */
const PQC = 'X25519MLKEM768'
const CLASSIC = 'X25519:P-256:P-384'

let mesh: Mesh
afterEach(() => mesh.close())

const handshakes = () => {
  const { inbound, outbound } = mesh.counters.handshakes
  return { inbound: Object.fromEntries(inbound), outbound: Object.fromEntries(outbound) }
}

describe(`a waypoint with the group ${PQC} alone`, () => {
  it('serves clients and calls endpoints that have no other either, and counts them, also after a rotation', async () => {
    mesh = await Mesh.start({ tls: { groups: PQC }, pods: [{ tls: { groups: PQC } }] })
    for (let round = 1; round <= 2; round++) {
      const tunnel = await openTunnel(await mesh.dial({ tls: { groups: PQC } }), VIP)
      assert.equal((await tunnel.get()).head.status, 200)
      assert.deepEqual(handshakes(), { inbound: { [PQC]: round }, outbound: { [PQC]: round } })
      mesh.store.replace(await mesh.ca.issue(identityOf('waypoint')))
    }
  })

  it('agrees on it with those that have it among others', async () => {
    mesh = await Mesh.start({ tls: { groups: PQC } })
    await (await mesh.tunnel()).get()
    assert.deepEqual(handshakes(), { inbound: { [PQC]: 1 }, outbound: { [PQC]: 1 } })
  })

  it('refuses clients without it, before and after a rotation', async () => {
    mesh = await Mesh.start({ tls: { groups: PQC } })
    for (let round = 1; round <= 2; round++) {
      await assert.rejects(openTunnel(await mesh.dial({ tls: { groups: CLASSIC } }), VIP))
      await until(() => mesh.counters.tlsHandshakeFailures === round)
      mesh.store.replace(await mesh.ca.issue(identityOf('waypoint')))
    }
    assert.deepEqual(handshakes(), { inbound: {}, outbound: {} })
    assert.match(mesh.logs.join('\n'), /HBONE handshake failed: ERR_SSL_NO_SUITABLE_KEY_SHARE|NO_SUITABLE_GROUPS/)
  })

  it('does not speak with endpoints without it', async () => {
    mesh = await Mesh.start({ tls: { groups: PQC }, pods: [{ tls: { groups: CLASSIC } }] })
    assert.equal((await (await mesh.tunnel()).get()).head.status, 503)
    const { flags, upstreamFailure } = await mesh.record(1)
    assert.equal(flags, 'UF')
    assert.match(upstreamFailure, /HBONE connect to .* failed: .*handshake failure/)
    assert.deepEqual(handshakes().outbound, {})
  })
})

describe('a waypoint with the groups of FIPS 140', () => {
  const groups = 'P-256:P-384'

  it('agrees on one of them, and on no other', async () => {
    mesh = await Mesh.start({ tls: { groups } })
    await (await openTunnel(await mesh.dial({ tls: { groups: 'X25519:P-384' } }), VIP)).get()
    assert.deepEqual(handshakes(), { inbound: { unknown: 1 }, outbound: { 'P-256': 1 } })
    await assert.rejects(openTunnel(await mesh.dial({ tls: { groups: 'X25519' } }), VIP))
  })
})

describe('a waypoint with the groups that OpenSSL has of its own accord', () => {
  it('counts what was agreed on with an endpoint, and cannot tell it of a client', async () => {
    mesh = await Mesh.start({ pods: [{ tls: { groups: 'P-384' } }] })
    await (await mesh.tunnel()).get()
    assert.deepEqual(handshakes(), { inbound: { unknown: 1 }, outbound: { 'P-384': 1 } })
  })
})
