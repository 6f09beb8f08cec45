import type { Condition } from '../../../model/condition.ts'
import { shareHostnames, type ConnectionRoutes, type SniRule } from '../../../model/connection-route.ts'
import type { ConnectionRouteObject, Entry } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { routeKey, type ClaimedParent } from '../route/claim-parents.ts'
import { holdersOf, type Attachments } from '../route/port-routes.ts'
import type { ConnectionSets } from './connection-sets.ts'

interface ClaimedRoute {
  readonly entry: Entry<ConnectionRouteObject>
  readonly parents: readonly ClaimedParent[]
}

/** Names that another route has, each with that route. */
type LostNames = ReadonlyMap<string, string>

/**
 * Tells of what is in force and can never have a connection, on no port that the route has of a parent: names that an
 * older TLSRoute has, everything of a TCPRoute beside an older one, and rules after the first.
 */
export const hiddenConnections = (
  claimed: readonly ClaimedRoute[],
  scope: { readonly attachments: Attachments; readonly setOf: ConnectionSets },
): readonly Condition[] => {
  const namesOf = createNames()
  return claimed.flatMap(({ entry, parents }) =>
    parents.flatMap(({ parent, claims }): readonly Condition[] => {
      const sets = claims.flatMap((claim) => {
        const holders = holdersOf(scope.attachments, claim)
        return (holders?.kind === claim.kind ? scope.setOf(holders) : undefined) ?? []
      })
      if (sets.length === 0) return []
      const [first, ...others] = sets.map((set) => lostNames(entry.object, set, namesOf))
      const lost = [...(first ?? [])].filter(([name]) => others.every((names) => names.has(name)))
      const messages = [...formatLost(lost), ...formatFurther(entry.object)]
      if (messages.length === 0) return []
      const path = lost.length === 0 ? 'spec.rules[1]' : 'spec'
      const message = messages.join('; ')
      return [conditionOf(entry, { parent, type: 'Shadowed', status: 'True', reason: 'NeverMatches', message, path })]
    }),
  )
}

const createNames = (): ((rules: readonly SniRule[]) => ReadonlyMap<string, SniRule>) => {
  const known = new Map<readonly SniRule[], ReadonlyMap<string, SniRule>>()
  return (rules) => {
    const names = known.get(rules) ?? shareHostnames(rules)
    known.set(rules, names)
    return names
  }
}

/** The empty name stands for all connections, or for what other names leave. */
const lostNames = (
  object: ConnectionRouteObject,
  set: ConnectionRoutes,
  namesOf: ReturnType<typeof createNames>,
): LostNames => {
  const key = routeKey(object)
  const holderOf = (name: string): string | undefined =>
    set.kind === 'TCPRoute' ? set.rule.route : namesOf(set.rules).get(name)?.route
  const names = object.kind === 'TLSRoute' && object.hostnames.length > 0 ? object.hostnames : ['']
  return new Map(
    names.flatMap((name) => {
      const holder = holderOf(name)
      return holder === undefined || holder === key ? [] : [[name, holder]]
    }),
  )
}

const formatLost = (lost: readonly (readonly [name: string, holder: string])[]): readonly string[] => {
  const shown = lost.slice(0, 5).map(([name, holder]) => {
    const winner = holder.replace('/', ' ')
    return name === '' ? `${winner} is older and has every connection` : `${winner} is older and has ${name}`
  })
  return [...shown, ...(lost.length > 5 ? [`${lost.length - 5} more`] : [])]
}

const formatFurther = ({ rules }: ConnectionRouteObject): readonly string[] =>
  rules.length < 2 ? [] : ['rules[0] has every connection of the route, and the rules after it none']
