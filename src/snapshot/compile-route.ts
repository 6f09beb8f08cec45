import { composeChain } from '../filter/chain.ts'
import type { Chain, StagedFilter } from '../filter/chain.ts'
import { isDeciding } from '../filter/index.ts'
import type { FilterFactory } from '../filter/instances.ts'
import type { FilterSpec } from '../model/filter-spec.ts'
import type { Match } from '../model/match.ts'
import type { Backend, Mirror, Route, Rule } from '../model/route.ts'
import { isEqual } from '../lib/is-equal.ts'
import { compileMatch, needsPatterns } from './match.ts'
import type { CompiledMatch, CompileRegex } from './match.ts'
import type { BackendPlan, MatchPlan, RoutePlan, RulePlan } from './snapshot.ts'

const noMirrors: readonly Mirror[] = []

/** What routes of one model are compiled with. */
export interface RouteKit {
  readonly filters: FilterFactory
  readonly regex: CompileRegex
  readonly backends: CompileBackends
}

/** Makes the plans of a rule's backends. */
export type CompileBackends = (backends: readonly Backend[]) => readonly BackendPlan[]

/**
 * Makes a route's plan; the same route as before gives the same plan (`previous`, whose filters came from the same factory),
 * and an unchanged rule keeps its own. There may be thousands of routes that nobody ever asks for: unless there is a filter to
 * be made, or a regular expression, their matches wait for that.
 */
export const compileRoute = (route: Route, previous: RoutePlan | undefined, kit: RouteKit): RoutePlan => {
  if (previous !== undefined && isEqual(previous.source, route)) return previous
  const { rules } = route
  const hasFilters = rules.some(hasFilter)
  const plan = new Plan(route, hasFilters, { previous: lastMade(previous), kit })
  if (hasFilters || rules.some(hasPattern)) plan.make()
  return plan
}

/** What its matches are made from. */
interface Parts {
  /** One that has its matches. */
  readonly previous: RoutePlan | undefined
  readonly kit: RouteKit
}

class Plan implements RoutePlan {
  readonly source: Route
  readonly hasFilters: boolean
  #matches: readonly MatchPlan[] | Parts

  constructor(source: Route, hasFilters: boolean, parts: Parts) {
    this.source = source
    this.hasFilters = hasFilters
    this.#matches = parts
  }

  get matches(): readonly MatchPlan[] {
    return 'kit' in this.#matches ? this.make() : this.#matches
  }

  /** The last that was made of the route, if any was. */
  get lastMade(): RoutePlan | undefined {
    return 'kit' in this.#matches ? this.#matches.previous : this
  }

  make(): readonly MatchPlan[] {
    if (!('kit' in this.#matches)) return this.#matches
    this.#matches = compileMatches(this.source, this.#matches)
    return this.#matches
  }
}

const lastMade = (plan: RoutePlan | undefined): RoutePlan | undefined => (plan instanceof Plan ? plan.lastMade : plan)

const hasFilter = ({ filters, backends }: Rule): boolean =>
  filters.length > 0 || backends.some((backend) => backend.kind === 'service' && backend.filters.length > 0)

const hasPattern = ({ matches }: Rule): boolean => matches.some(needsPatterns)

const compileMatches = (route: Route, { previous, kit }: Parts): readonly MatchPlan[] => {
  const matches: MatchPlan[] = []
  for (const rule of route.rules) {
    const before = previous?.matches.find(({ ruleIndex }) => ruleIndex === rule.index)?.rule
    const compiled = rule.matches.map((match) => ({ match, result: compileMatch(match, kit.regex) }))
    const plan =
      before !== undefined && isEqual(before.source, rule)
        ? before
        : compileRule(route, rule, {
            ...kit,
            badMatch: compiled.map(({ result }) => failureOf(result)).find((failure) => failure !== undefined),
          })
    for (const { match, result } of compiled) matches.push(createMatchPlan(route, plan, { match, result }))
  }
  // What grew has place for 17.
  return matches.slice()
}

/** The same list gives the same plans: thousands of routes lead to one Service. */
export const createBackendsCompiler = (filters: FilterFactory): CompileBackends => {
  const compiled = new WeakMap<readonly Backend[], readonly BackendPlan[]>()
  return (backends) => {
    const known = compiled.get(backends)
    if (known !== undefined) return known
    const plans = backends.map((backend) => compileBackend(backend, filters))
    compiled.set(backends, plans)
    return plans
  }
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
  options: Pick<RouteKit, 'filters' | 'backends'> & { readonly badMatch: string | undefined },
): RulePlan => {
  const compiled = compileChain(rule.filters, options.filters)
  const failure = options.badMatch ?? ('failure' in compiled ? compiled.failure : undefined)
  const backends = options.backends(rule.backends)
  return {
    route: route.key,
    name: rule.name ?? String(rule.index),
    chain: 'chain' in compiled ? compiled.chain : composeChain([]),
    backends,
    isGuarded: backends.some(isGuarded),
    totalWeight: backends.reduce((sum, backend) => sum + backend.weight, 0),
    timeouts: rule.timeouts,
    retry: rule.retry,
    mirrors: rule.mirrors ?? noMirrors,
    // Gateway API: a filter that cannot be had must not be skipped; 500 is the status of an invalid rule.
    closed: rule.closed ?? (failure === undefined ? undefined : { status: 500, reason: failure }),
    source: rule,
  }
}

/** Filters of users may refuse a request at any stage. */
const isGuarded = (backend: BackendPlan): boolean =>
  backend.kind === 'service' &&
  backend.chain.staged.some(({ stage, spec }) => isDeciding(stage) || spec?.user !== undefined)

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
