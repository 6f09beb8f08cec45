import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { TestCa } from '../../../test/support/tls/test-ca.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { clientTlsOptions, serverTlsOptions } from '../tls.ts'
import { readPeerIdentity } from './peer.ts'

test('a session that was resumed has no identity: were tickets ever on, nobody would come in by one', async (t) => {
  const ca = new TestCa('Root')
  const named = (serviceAccount: string) =>
    formatSpiffeId({ trustDomain: 'cluster.local', namespace: 'shop', serviceAccount })
  // All that forbids tickets is this one option.
  const server = createServer({ ...serverTlsOptions(ca.issue(named('waypoint'))), secureOptions: 0 })
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const options = { ...clientTlsOptions(ca.issue(named('client'))), host: '127.0.0.1', port }

  const dial = async (session?: Buffer): Promise<readonly [client: TLSSocket, seen: TLSSocket]> => {
    const secure = once(server, 'secureConnection')
    const client = connect({ ...options, ...(session === undefined ? {} : { session }) })
    t.after(() => client.destroy())
    const [seen]: TLSSocket[] = await secure
    assert.ok(seen)
    t.after(() => seen.destroy())
    return [client, seen]
  }
  const [first, seenFirst] = await dial()
  assert.equal(readPeerIdentity(seenFirst).ok, true)
  const [session]: Buffer[] = await once(first.resume(), 'session')
  const [, seen] = await dial(session)
  assert.equal(seen.isSessionReused(), true, 'the test has resumed')
  const peer = readPeerIdentity(seen)
  assert.equal(peer.ok ? 'in' : peer.reason, 'resumed')
})
