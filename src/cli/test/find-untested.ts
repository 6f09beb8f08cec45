import type { Model } from '../../model/model.ts'
import type { Explanation } from '../../snapshot/explain.ts'

/** How much of what decides about requests was asked for. */
export interface Coverage {
  readonly rules: number
  /** Rules of routes and of AuthorizationPolicies that no request came to. */
  readonly untested: readonly string[]
}

/** Counts rules of HTTPRoutes, GRPCRoutes and AuthorizationPolicies that a request has matched. */
export const findUntested = (model: Model, explanations: readonly Explanation[]): Coverage => {
  const seen = new Set(explanations.flatMap(rulesOf))
  const all = [
    ...model.routes.flatMap(({ key, rules }) => rules.map(({ index, name }) => ruleName(key, name ?? String(index)))),
    ...model.authorizations.flatMap(({ key, rules }) =>
      rules.map((_, index) => ruleName(`AuthorizationPolicy/${key}`, String(index))),
    ),
  ]
  return { rules: all.length, untested: all.filter((rule) => !seen.has(rule)) }
}

const rulesOf = ({ route, rule, authorization }: Explanation): readonly string[] => [
  ...(route === undefined || rule === undefined ? [] : [ruleName(route, rule)]),
  ...(authorization?.considered ?? []).flatMap(({ policy, matches }) =>
    matches === undefined ? [] : [ruleName(`AuthorizationPolicy/${policy}`, String(matches))],
  ),
]

const ruleName = (object: string, rule: string): string => `${object} rule ${rule}`
