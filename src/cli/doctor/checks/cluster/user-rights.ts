import { defineCheck, found, skip } from '../../check.ts'

export const userRightsCheck = defineCheck({
  name: 'user-rights',
  section: 'cluster',
  title: 'you may make waypoints',
  needs: [],
  codes: {
    FW0109: {
      level: 'info',
      title: 'You may not make waypoints',
      cause: 'RBAC does not give you a right that a command of this program needs. Looking works without it.',
      cure: 'Ask whoever administers the cluster for the right that is named, or use another context.',
    },
  },
  run: ({ server: { rights } }) => {
    if (rights.length === 0) return skip('the API server does not say what you may do')
    const lacking = rights.filter(({ isGiven }) => !isGiven)
    return found(
      lacking.map(({ right, purpose }) => ({
        code: 'FW0109' as const,
        message: `${purpose} needs the right to ${right}, which you have not`,
        next: `kubectl auth can-i ${right.replace(' in the namespace ', ' -n ')}`,
      })),
    )
  },
})
