/** A CA that is gone for longer than a certificate lasts, with somebody served all the while. */
import { setTimeout as delay } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import { eventually } from '../eventually.ts'
import type { HboneClient } from '../hbone-client.ts'
import { startIstiod } from './istiod.ts'
import { createMesh } from '../mesh.ts'
import { gateway, service } from '../objects.ts'

export interface OutageOptions {
  readonly network: string
  readonly workers: number
  readonly ttlMs: number
  /** How long the CA is gone. */
  readonly downMs: number
}

export interface OutageReport {
  /** Of the looks at the readiness endpoint while the certificate was valid: those that were not 200. */
  readonly unreadyWhileValid: readonly string[]
  /** Of those after it had run out, until the CA was back: those that were not 503. */
  readonly readyWhenExpired: readonly string[]
  /** What the last of these said. */
  readonly reason: string
  /** Requests on the connection that was there all the time. */
  readonly requests: number
  readonly failures: readonly string[]
  /** From the return of the CA to ready. */
  readonly recoveredMs: number
  readonly attempts: number
}

const VIP = '10.96.0.10:80'
const LOOK_MS = 50
/** Readiness is asked for, and answered, some time after the clock was looked at. */
const EDGE_MS = 500

/** Stops the CA once there is a certificate, and starts it again. */
export const loseIstiod = async (options: OutageOptions): Promise<OutageReport> => {
  const { network, workers, ttlMs, downMs } = options
  await using istiod = await startIstiod(ttlMs)
  await using mesh = await createMesh(
    [gateway, ...service({ name: 'api', vip: '10.96.0.10', endpoints: [{ address: `${network}.1`, port: 9080 }] })],
    istiod.ca,
  )
  await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
  const fairway = await mesh.startFairway(workers, istiod.flags, istiod.env)
  const client = await mesh.dial(fairway)
  istiod.ca.stop()
  const downSince = Date.now()
  const notAfterMs = expiryOf(client)
  const report = { unreadyWhileValid: [] as string[], readyWhenExpired: [] as string[], failures: [] as string[] }
  let [requests, reason] = [0, '']
  while (Date.now() < downSince + downMs) {
    const lookedMs = Date.now()
    const { status, reason: said } = await fairway.readiness()
    if (lookedMs < notAfterMs - EDGE_MS && status !== 200) report.unreadyWhileValid.push(`${status} ${said}`)
    if (lookedMs > notAfterMs + EDGE_MS) {
      reason = said
      if (status !== 503) report.readyWhenExpired.push(`${status} ${said}`)
    }
    await client.request(VIP).then(
      (answer) => answer.status === 200 || report.failures.push(`status ${answer.status}`),
      (error: unknown) => report.failures.push(String(error)),
    )
    requests++
    await delay(LOOK_MS)
  }
  const attempts = fairway.log().filter(({ message }) => String(message).startsWith('no certificate from')).length
  await istiod.ca.start()
  const backMs = Date.now()
  await eventually('ready again', async () => (await fairway.readiness()).status === 200, 90_000)
  const recoveredMs = Date.now() - backMs
  using again = await mesh.dial(fairway)
  const answer = await again.request(VIP)
  if (answer.status !== 200) report.failures.push(`after it recovered: status ${answer.status}`)
  return { ...report, requests, reason, recoveredMs, attempts }
}

/** When what the waypoint showed runs out; the CA was stopped right after. */
const expiryOf = ({ session: { socket } }: HboneClient): number => {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  if (certificate === undefined) throw new Error('a waypoint shows a certificate')
  return certificate.validToDate.getTime()
}
