import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { Credentials } from '../../../../src/identity/credentials.ts'
import { eventually } from '../eventually.ts'
import type { RunningFairway } from '../fairway-process.ts'
import { startLoad, type Load } from '../load.ts'
import type { Mesh } from '../mesh.ts'
import { issueTo } from '../mesh-certificates.ts'

/** What takes part in a replacement of certificates. */
export interface ReplacementParts {
  readonly mesh: Mesh
  readonly fairway: RunningFairway
  readonly workers: number
  /** `ADDRESS:PORT` of a Service with one endpoint. */
  readonly authority: string
  /** Fingerprints that the endpoint has been shown. */
  readonly peers: readonly string[]
}

/** Puts load on a waypoint and replaces its certificate three times; `give` brings one to it. The load goes on. */
export const replaceUnderLoad = async (parts: ReplacementParts, give: (next: Credentials) => void): Promise<Load> => {
  const { mesh, fairway, workers, authority, peers } = parts
  const load = startLoad({
    lanes: 6,
    lanesPerConnection: 2,
    dial: () => mesh.dial(fairway),
    authority,
    check: ({ status }) => (status === 200 ? undefined : `status ${status}`),
  })
  await eventually('load', () => load.requests() > 50)
  for (let round = 0; round < 3; round++) {
    const next = await issueTo(mesh.ca, 'shop/waypoint')
    const { fingerprint256 } = new X509Certificate(next.certificateChainPem)
    give(next)
    // Several, since each is served by one worker or the other.
    await eventually('new clients to be shown it', async () => {
      const seen = await Promise.all(Array.from({ length: 4 * workers }, () => shownCertificate(parts)))
      return seen.every((fingerprint) => fingerprint === fingerprint256)
    })
    await eventually('destinations to be shown it', () => peers.includes(fingerprint256))
  }
  return load
}

/** The fingerprint that a new client is shown, which is served. */
export const shownCertificate = async ({
  mesh,
  fairway,
  authority,
}: Pick<ReplacementParts, 'mesh' | 'fairway' | 'authority'>): Promise<string> => {
  using client = await mesh.dial(fairway)
  assert.equal((await client.request(authority)).status, 200)
  const { socket } = client.session
  assert.ok(socket instanceof TLSSocket)
  return socket.getPeerCertificate().fingerprint256
}
