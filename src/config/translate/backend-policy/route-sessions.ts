import type { Route, Rule } from '../../../model/route.ts'
import type { WrittenPersistence } from '../../objects/backend-policy/session-persistence.ts'
import { nameSession } from './name-session.ts'
import type { BackendPolicies } from './translate-backend-policies.ts'

/** Gives rules without sessions of their own those that policies ask for. */
export type AddSessions = (route: Route) => Route

/** What names the sessions of a rule: the same for as long as the rule is called so, or stands where it stands. */
export const sessionOwner = (route: string, { name, index }: Pick<Rule, 'name' | 'index'>): string =>
  `${route} ${name === undefined ? `rules[${index}]` : name}`

/**
 * Makes what carries `sessionPersistence` of policies into routes: a rule has the one of its first backend with one, for
 * all of its backends, since a session outlives weights (GEP-1619). It remembers, so that a route comes out as the very
 * same object for as long as nothing changed.
 */
export const createSessionAdding = (): ((ports: BackendPolicies['ports']) => AddSessions) => {
  const known = new WeakMap<Route, { readonly sessions: readonly Session[]; readonly route: Route }>()
  return (ports) => {
    const ofPort = new Map([...ports].flatMap(([key, { session }]) => (session === undefined ? [] : [[key, session]])))
    if (ofPort.size === 0) return (route) => route
    return (route) => {
      const sessions = route.rules.map((rule) => sessionOf(rule, ofPort))
      if (sessions.every((session) => session === undefined)) return route
      const before = known.get(route)
      if (before?.sessions.every((session, index) => session === sessions[index]) === true) return before.route
      const after = { ...route, rules: route.rules.map((rule, index) => withSession(route, rule, sessions[index])) }
      known.set(route, { sessions, route: after })
      return after
    }
  }
}

type Session = WrittenPersistence | undefined

const sessionOf = (rule: Rule, ofPort: ReadonlyMap<string, WrittenPersistence>): Session => {
  if (rule.sessionPersistence !== undefined || rule.closed !== undefined) return undefined
  for (const backend of rule.backends) {
    const session = backend.kind === 'service' ? ofPort.get(backend.endpoints) : undefined
    if (session !== undefined) return session
  }
  return undefined
}

const withSession = (route: Route, rule: Rule, session: Session): Rule =>
  session === undefined
    ? rule
    : {
        ...rule,
        sessionPersistence: nameSession(session, { owner: sessionOwner(route.key, rule), sharesName: true }),
      }
