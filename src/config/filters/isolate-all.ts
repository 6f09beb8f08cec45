import type { FilterVersion, FilterVersions } from '../translate/filter/filter-version.ts'

/** As the operator demands it: every filter in a thread of its own, whatever its object asks for. */
export const isolateAll = (versions: FilterVersions): FilterVersions =>
  new Map(Array.from(versions, ([key, version]) => [key, isolate(version)]))

const isolate = (version: FilterVersion): FilterVersion => {
  const { inForce } = version
  if (inForce === undefined || inForce.user.isolation === 'thread') return version
  if (inForce.user.hooks?.includes('serve') === true) return { refused: unserved }
  return { ...version, inForce: { ...inForce, user: { ...inForce.user, isolation: 'thread' } } }
}

const unserved = {
  message:
    'it answers requests in the process of the waypoint, and --filter-isolation thread wants no code of users there',
  path: 'spec.module',
}
