/** Short-lived certificates from a CA, and a root that takes the place of another, under load. */
import { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import { eventually } from '../eventually.ts'
import { startIstiod } from './istiod.ts'
import { issueTo } from '../mesh-certificates.ts'
import { dialWaypoint, tlsOf, type HboneClient } from '../hbone-client.ts'
import { createFleet, endpointOf, API, refusalsOf } from '../resilience/fleet.ts'
import { totalOf } from '../resilience/pod-process.ts'
import type { SteadyReport } from '../resilience/steady-load.ts'

export interface RotationsOptions {
  /** Two addresses of it are used. */
  readonly network: string
  readonly workers: number
  readonly ttlMs: number
  readonly rotations: number
  readonly ratePerSecond: number
}

export interface RotationsReport extends SteadyReport {
  readonly rotations: number
  /** Handshakes that the pods saw: each rotation brings new ones. */
  readonly podConnections: number
  readonly refusals: string
  /** What the client of the old root saw when that was no longer trusted. */
  readonly oldClient: 'goaway' | 'closed'
}

const CONNECTIONS = 16
const TUNNELS = 4

/**
 * Peers are of the new root already and trust both, as in the middle of a replacement. The waypoint begins with the old
 * one; after a third of the rotations the CA signs with the new one, after another third the old one is taken away.
 */
export const rotateUnderLoad = async (options: RotationsOptions): Promise<RotationsReport> => {
  const { network, workers, ttlMs, rotations, ratePerSecond } = options
  await using istiod = await startIstiod(ttlMs, (ca) => ca.addRoot('second'))
  const { ca } = istiod
  const oldClientTls = tlsOf(await issueTo(ca, 'shop/client'))
  ca.signWith('second')
  await using fleet = await createFleet(ca)
  const specs = [3, 4].map((n) => ({ name: `api-${n}`, address: `${network}.${n}` }))
  const pods = await Promise.all(specs.map((spec) => fleet.startPod(spec)))
  fleet.put(specs.map(endpointOf))
  ca.signWith('first')
  const fairway = await fleet.startFairway(workers, istiod.flags, istiod.env)
  const rootOf = (): Promise<string> => shownRoot(() => fleet.mesh.dial(fairway))
  await eventually('a chain of the first root', async () => (await rootOf()) === 'CN=first root')
  const load = await fleet.startLoad(fairway, { ratePerSecond, connections: CONNECTIONS, tunnels: TUNNELS })
  using oldClient = await dialWaypoint(fairway.addresses.hbone, oldClientTls)
  await oldClient.request(API)
  const until = (count: number): Promise<unknown> =>
    eventually(`${count} rotations`, () => istiod.issued() > count, count * ttlMs + 30_000)

  await until(Math.floor(rotations / 3))
  ca.signWith('second')
  await eventually('a chain of the second root', async () => (await rootOf()) === 'CN=second root', 2 * ttlMs + 15_000)
  await until(Math.floor((2 * rotations) / 3))
  ca.dropRoot('first')
  ca.stop()
  await ca.start()
  istiod.publishRoots()
  const ending = await endingOf(oldClient, 2 * ttlMs + 60_000)
  await eventually('a client of the old root to be refused', () =>
    dialWaypoint(fairway.addresses.hbone, oldClientTls).then(
      (client) => {
        client[Symbol.dispose]()
        return false
      },
      () => true,
    ),
  )
  await until(rotations)
  const report = await load.stop()
  return {
    ...report,
    rotations: istiod.issued() - 1,
    podConnections: await totalOf(pods, 'connections'),
    refusals: await refusalsOf(fairway),
    oldClient: ending,
  }
}

/** Who issued the CA under which the waypoint shows itself. */
const shownRoot = async (dial: () => Promise<HboneClient>): Promise<string> => {
  using client = await dial()
  const { socket } = client.session
  if (!(socket instanceof TLSSocket)) throw new Error('a waypoint is spoken to in TLS')
  const issuer = socket.getPeerX509Certificate()?.issuerCertificate
  return issuer instanceof X509Certificate ? issuer.issuer : ''
}

const endingOf = (client: HboneClient, timeoutMs: number): Promise<'goaway' | 'closed'> =>
  new Promise((resolve, reject) => {
    client.session.once('goaway', () => resolve('goaway'))
    client.session.once('close', () => resolve('closed'))
    setTimeout(
      () => reject(new Error(`the client of the old root is still there after ${timeoutMs} ms`)),
      timeoutMs,
    ).unref()
  })
