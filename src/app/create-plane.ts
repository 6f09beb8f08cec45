import type { CredentialSource } from '../identity/credentials.ts'
import { systemClock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { createLocalPlane } from './local-plane.ts'
import type { Plane, PlaneSettings } from './plane.ts'
import { WorkerPlanes } from './worker-planes.ts'

/** With one worker the data plane lives in this process; with more each is a process of its own under this one. */
export const createPlane = (
  settings: PlaneSettings,
  parts: { readonly workers: number; readonly credentials: CredentialSource; readonly log: Logger },
): Plane => {
  const { workers, credentials, log } = parts
  if (workers === 1) return createLocalPlane(settings, credentials)
  return new WorkerPlanes({ count: workers, settings, credentials, clock: systemClock, log })
}
