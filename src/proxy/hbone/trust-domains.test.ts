import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { openTunnel } from '../../../test/support/mesh/client-tunnel.ts'
import { identityOf, Mesh, until, VIP } from '../../../test/support/mesh/mesh.ts'

let mesh: Mesh
afterEach(() => mesh.close())

test('a MeshConfig that changes decides who is let in, and who may stay', async () => {
  mesh = await Mesh.start()
  const dialAs = (trustDomain: string) => mesh.dial({ identity: identityOf('client', trustDomain) })
  const trusted = (...trustDomains: readonly [string, ...string[]]): void =>
    mesh.apply({ ...mesh.model(), trustDomains })
  const ours = await dialAs('cluster.local')
  const tunnel = await openTunnel(ours, VIP)
  await assert.rejects(dialAs('td2').then((client) => openTunnel(client, VIP)))
  trusted('cluster.local', 'td2')
  const alias = await dialAs('td2')
  const stays = await openTunnel(alias, VIP)
  assert.equal((await stays.get()).head.status, 200)
  assert.equal((await tunnel.get()).head.status, 200)
  assert.equal(ours.hasRoom, true)
  trusted('td2')
  await until(() => !ours.hasRoom, 'a GOAWAY')
  assert.equal(alias.hasRoom, true)
  await assert.rejects(dialAs('cluster.local').then((client) => openTunnel(client, VIP)))
  assert.equal(mesh.counters.connectionsRetired.foreignTrustDomain, 1)
  assert.equal(mesh.counters.handshakeRefusals.foreignTrustDomain, 2)
})
