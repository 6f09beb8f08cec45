import { composeChain } from '../filter/chain.ts'
import type { Chain, StagedFilter } from '../filter/chain.ts'
import type { FilterFactory } from '../filter/instances.ts'
import type { FilterSpec } from '../model/filter-spec.ts'
import type { Match } from '../model/match.ts'
import type { Backend, Mirror, Route, Rule } from '../model/route.ts'
import { isEqual } from '../lib/is-equal.ts'
import { compileMatch } from './match.ts'
import type { CompiledMatch, CompileRegex } from './match.ts'
import type { BackendPlan, MatchPlan, RoutePlan, RulePlan } from './snapshot.ts'

const noMirrors: readonly Mirror[] = []

export interface RouteOptions {
  /** The same route's plan in the previous snapshot, when its filters came from the same factory. */
  readonly previous: RoutePlan | undefined
  readonly filters: FilterFactory
  readonly regex: CompileRegex
}

/** Makes a route's plan; the same route as before gives the same plan, and an unchanged rule keeps its own. */
export const compileRoute = (route: Route, options: RouteOptions): RoutePlan => {
  const { previous } = options
  if (previous !== undefined && isEqual(previous.source, route)) return previous
  const rules: RulePlan[] = []
  const matches: MatchPlan[] = []
  for (const rule of route.rules) {
    const before = previous?.rules.find((plan) => plan.source.index === rule.index)
    const compiled = rule.matches.map((match) => ({ match, result: compileMatch(match, options.regex) }))
    const plan =
      before !== undefined && isEqual(before.source, rule)
        ? before
        : compileRule(route, rule, {
            ...options,
            badMatch: compiled.map(({ result }) => failureOf(result)).find((failure) => failure !== undefined),
          })
    rules.push(plan)
    for (const { match, result } of compiled) matches.push(createMatchPlan(route, plan, { match, result }))
  }
  return { source: route, rules, matches }
}

/** The filters of a spec list as a chain, or why one of them cannot be made. */
export const compileChain = (
  specs: readonly FilterSpec[],
  filters: FilterFactory,
): { readonly chain: Chain } | { readonly failure: string } => {
  const staged: StagedFilter[] = []
  for (const spec of specs) {
    const made = filters(spec)
    if ('failure' in made) return made
    staged.push(made)
  }
  return { chain: composeChain(staged) }
}

// A match that could not be compiled fits nothing; its rule is closed as well, should another match of it fit.
const createMatchPlan = (
  route: Route,
  rule: RulePlan,
  { match, result }: { readonly match: Match; readonly result: CompiledMatch },
): MatchPlan => ({
  kind: 'match',
  rule,
  ruleIndex: rule.source.index,
  route,
  match,
  prefix: match.path.type === 'PathPrefix' ? match.path.value : undefined,
  patterns: 'patterns' in result ? result.patterns : undefined,
  failure: failureOf(result),
})

const failureOf = (result: CompiledMatch): string | undefined => ('failure' in result ? result.failure : undefined)

const compileRule = (
  route: Route,
  rule: Rule,
  { filters, badMatch }: { readonly filters: FilterFactory; readonly badMatch: string | undefined },
): RulePlan => {
  const compiled = compileChain(rule.filters, filters)
  const failure = badMatch ?? ('failure' in compiled ? compiled.failure : undefined)
  const backends = rule.backends.map((backend) => compileBackend(backend, filters))
  return {
    route: route.key,
    name: rule.name ?? String(rule.index),
    chain: 'chain' in compiled ? compiled.chain : composeChain([]),
    backends,
    totalWeight: backends.reduce((sum, backend) => sum + backend.weight, 0),
    timeouts: rule.timeouts,
    retry: rule.retry,
    mirrors: rule.mirrors ?? noMirrors,
    // Gateway API: a filter that cannot be had must not be skipped; 500 is the status of an invalid rule.
    closed: rule.closed ?? (failure === undefined ? undefined : { status: 500, reason: failure }),
    source: rule,
  }
}

const compileBackend = (backend: Backend, filters: FilterFactory): BackendPlan => {
  if (backend.kind === 'invalid') return backend
  const compiled = compileChain(backend.filters, filters)
  const { weight, service } = backend
  if ('chain' in compiled) {
    const { endpoints, mirrors = noMirrors } = backend
    return { kind: 'service', weight, destination: service, endpoints, chain: compiled.chain, mirrors }
  }
  const ref = `Service ${service.namespace}/${service.name}:${service.port}`
  return { kind: 'invalid', weight, status: 500, reason: compiled.failure, ref }
}
