import type { CredentialSource } from '../identity/credentials.ts'
import { systemClock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Plane, PlaneSettings } from './plane.ts'

/**
 * With one worker the data plane lives in this process; with more, or with filters of users, which may take it down, each
 * is a process of its own under this one. Only the one that it comes to is loaded. A debugger wants the code of users in
 * the process that it looks into, where no watchdog ends it at a breakpoint.
 */
export const createPlane = async (
  settings: PlaneSettings,
  parts: {
    readonly workers: number
    /** Of users. */
    readonly hasFilters: boolean
    readonly credentials: CredentialSource
    readonly log: Logger
  },
): Promise<Plane> => {
  const { workers, hasFilters, credentials, log } = parts
  const isLocal = workers === 1 && (!hasFilters || (await isDebugged()))
  if (isLocal) {
    const { createLocalPlane } = await import('./local-plane.ts')
    if (!hasFilters) return createLocalPlane(settings, credentials)
    const { planeFiltersWith } = await import('./filters/plane-filters.ts')
    return createLocalPlane(settings, credentials, { createFilters: planeFiltersWith(undefined) })
  }
  const { WorkerPlanes } = await import('./workers/worker-planes.ts')
  return new WorkerPlanes({ count: workers, settings, credentials, clock: systemClock, log })
}

/** Whether this process was started with `--inspect`. */
const isDebugged = async (): Promise<boolean> => (await import('node:inspector')).url() !== undefined
