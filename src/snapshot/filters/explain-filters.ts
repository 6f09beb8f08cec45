import type { FilterSpec, UserFilter } from '../../model/filter-spec.ts'
import type { BackendPlan, Frontend, PodFrontends, RulePlan } from '../snapshot.ts'

/** Why a user's filter is not simply called; `undefined` when it is. */
export type FilterStateOf = (user: UserFilter) => string | undefined

/** Where a request has come to, and so which filters see it. */
interface Resolved {
  readonly frontend: Frontend
  readonly rule: RulePlan | undefined
  readonly backends: readonly BackendPlan[]
  readonly pods: PodFrontends | undefined
}

/** Kinds that never answer a request themselves. */
const passingKinds: ReadonlySet<string> = new Set(['RequestHeaderModifier', 'ResponseHeaderModifier', 'URLRewrite'])

/** Whether one of the filters before a backend may answer in its place; which of them would, only the request itself can tell. */
export const mayAnswer = (resolved: Omit<Resolved, 'backends'>, method: string): boolean =>
  filtersBefore(resolved).some(({ specs }) =>
    // Of browsers' questions before requests, and of no others.
    specs.some(({ kind }) => (kind === 'CORS' ? method === 'OPTIONS' : !passingKinds.has(kind))),
  )

/** Those that see it before a backend is chosen, in their order, and whose they are. */
const filtersBefore = ({
  frontend,
  rule,
  pods,
}: Omit<Resolved, 'backends'>): readonly { readonly scope: string; readonly specs: readonly FilterSpec[] }[] => [
  ...(frontend.kind === 'service'
    ? [
        { scope: 'the Service', specs: frontend.service.filters },
        { scope: 'its port', specs: frontend.port.filters ?? [] },
      ]
    : [{ scope: 'the Gateway', specs: pods?.filters.source ?? [] }]),
  { scope: 'the rule', specs: rule?.source.filters ?? [] },
]

/** The filters that see a request, one line each; of users' filters what happens when they fail, and how they do. */
export const explainFilters = (resolved: Resolved, stateOf: FilterStateOf = () => undefined): readonly string[] => {
  const { rule, backends } = resolved
  const ofBackends =
    rule?.source.backends.flatMap((backend) => (backend.kind === 'service' ? backend.filters : [])) ?? []
  return [
    ...filtersBefore(resolved).flatMap(({ scope, specs }) => explain(specs, scope, stateOf)),
    ...(backends.length === 0 ? [] : explain(ofBackends, 'a backend', stateOf)),
  ]
}

const explain = (specs: readonly FilterSpec[], scope: string, stateOf: FilterStateOf): readonly string[] =>
  specs.flatMap(({ kind, origin, user }) => {
    // What asks somebody else is told of with how the rule is carried out.
    if (user === undefined) return kind === 'ExternalAuth' ? [] : [`filter ${kind} of ${scope} is called: ${origin}`]
    const state = stateOf(user)
    const mode = user.failureMode === 'closed' ? '500 when it fails' : 'as if it were not there when it fails'
    const where = user.isolation === 'thread' ? ', in a thread of its own' : ''
    const line =
      kind === 'App'
        ? `App ${user.id} (version ${user.version}) of ${scope} answers what it has a route for, the rest goes on: ${mode}`
        : `filter ${user.id} (${kind}, version ${user.version}) of ${scope} is called${where}: ${mode}`
    return state === undefined ? [line] : [line, state]
  })
