import type { FilterVersions } from '../translate/filter/filter-version.ts'

/** As the operator demands it: every filter in a thread of its own, whatever its object asks for. */
export const isolateAll = (versions: FilterVersions): FilterVersions =>
  new Map(
    Array.from(versions, ([key, version]) => {
      const { inForce } = version
      if (inForce === undefined || inForce.user.isolation === 'thread') return [key, version]
      return [key, { ...version, inForce: { ...inForce, user: { ...inForce.user, isolation: 'thread' } } }]
    }),
  )
