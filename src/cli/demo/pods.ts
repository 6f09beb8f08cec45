import { randomInt } from 'node:crypto'
import type { DevCa } from '../../identity/ca/dev-ca.ts'
import { errorCode } from '../../lib/errors/error-code.ts'
import { formatSpiffeId } from '../../model/identity.ts'
import { exitCodes } from '../exit-codes.ts'
import { CliError } from '../verb.ts'
import { POD_HBONE_PORT, startPod, type Pod, type PodOptions } from './pod.ts'

/** The pods of examples/01-canary: each Service's one, with the address that the objects give it. */
export const examplePods = [
  { service: 'api-stable', address: '127.0.0.2' },
  { service: 'api-canary', address: '127.0.0.3' },
] as const

export interface PodsOptions {
  readonly ca: DevCa
  readonly trustDomain: string
  readonly namespace: string
  /** Told when a pod has to stand at another address. */
  readonly onMoved: (text: string) => void
  /** Default `startPod`. */
  readonly start?: (options: PodOptions) => Promise<Pod>
}

const RANDOM_TRIES = 20

/** Starts the example's pods, at other loopback addresses where theirs cannot be had. Throws `CliError` when none can. */
export const startPods = async (options: PodsOptions): Promise<readonly Pod[]> => {
  const { ca, trustDomain, namespace, start = startPod } = options
  const pods: Pod[] = []
  try {
    for (const { service, address } of examplePods) {
      const credentials = await ca.issue(formatSpiffeId({ trustDomain, namespace, serviceAccount: service }))
      const pod = await startSomewhere(address, (candidate) =>
        start({ name: `${service}-1`, service, address: candidate, credentials, trustDomains: [trustDomain] }),
      )
      if (pod.address !== address) {
        options.onMoved(`${address}:${POD_HBONE_PORT} cannot be had, ${service} stands at ${pod.address} instead`)
      }
      pods.push(pod)
    }
    return pods
  } catch (error) {
    for (const pod of pods) pod.close()
    throw error
  }
}

/**
 * Tries the wanted address, then others of 127.0.0.0/8 (another demo may have the first), and at last the two that
 * every system has (macOS gives a loopback interface only those).
 */
const startSomewhere = async (address: string, start: (address: string) => Promise<Pod>): Promise<Pod> => {
  const others = Array.from(
    { length: RANDOM_TRIES },
    () => `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`,
  )
  let lastError: unknown
  for (const candidate of [address, ...others, '127.0.0.1', '::1']) {
    try {
      return await start(candidate)
    } catch (error) {
      if (!isTaken(error)) throw error
      lastError = error
    }
  }
  const why = lastError instanceof Error ? lastError.message : String(lastError)
  throw new CliError(exitCodes.failure, `no loopback address has its port ${POD_HBONE_PORT} free for a pod: ${why}`, {
    next: `end what listens on 0.0.0.0:${POD_HBONE_PORT} (another waypoint?) and try again`,
    cause: lastError,
  })
}

const isTaken = (error: unknown): boolean => ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES'].includes(errorCode(error) ?? '')
