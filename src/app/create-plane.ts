import type { CredentialSource } from '../identity/credentials.ts'
import { systemClock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import type { Plane, PlaneSettings } from './plane.ts'

/**
 * With one worker the data plane lives in this process; with more each is a process of its own under this one. Only the
 * one that it comes to is loaded.
 */
export const createPlane = async (
  settings: PlaneSettings,
  parts: { readonly workers: number; readonly credentials: CredentialSource; readonly log: Logger },
): Promise<Plane> => {
  const { workers, credentials, log } = parts
  if (workers === 1) {
    const { createLocalPlane } = await import('./local-plane.ts')
    return createLocalPlane(settings, credentials)
  }
  const { WorkerPlanes } = await import('./workers/worker-planes.ts')
  return new WorkerPlanes({ count: workers, settings, credentials, clock: systemClock, log })
}
