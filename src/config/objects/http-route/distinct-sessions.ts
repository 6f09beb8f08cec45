import type { WrittenPersistence } from '../backend-policy/session-persistence.ts'
import type { Defect } from './defect.ts'
import type { HttpRouteRule } from './rule.ts'

/**
 * Closes a rule whose sessions are called as those of a rule before it: rules must not share sessions (GEP-1619), and
 * each would overwrite what the other gave a client.
 */
export const withoutSharedSessions = (rules: readonly HttpRouteRule[]): readonly HttpRouteRule[] => {
  const names = new Set<string>()
  return rules.map((rule) => {
    const { sessionPersistence: session, path, defects } = rule
    if (session?.name === undefined) return rule
    const key = `${session.type} ${session.name}`
    if (names.has(key)) return { ...rule, defects: [...defects, shared(session, path)] }
    names.add(key)
    return rule
  })
}

const shared = ({ type, name = '' }: WrittenPersistence, path: string): Defect => ({
  reason: 'UnsupportedValue',
  message: `another rule of the route has this ${type.toLowerCase()} for its sessions`,
  path: `${path}.sessionPersistence`,
  found: name,
  expected: 'a name of its own, or none',
})
