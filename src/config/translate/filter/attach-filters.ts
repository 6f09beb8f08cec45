/**
 * Puts filters that name what they act on into the model, after everything else has been translated: where there are none,
 * nobody pays for them.
 */
import type { BoundPod } from '../../../model/endpoint.ts'
import type { FilterModule, FilterSpec } from '../../../model/filter-spec.ts'
import type { Model } from '../../../model/model.ts'
import type { Route, Rule } from '../../../model/route.ts'
import type { Service } from '../../../model/service.ts'
import type { FilterTarget } from './filter-targets.ts'
import type { FilterVersions } from './filter-version.ts'
import type { ResolvedFilter } from './resolve-filters.ts'

/** A Filter at a target. */
export interface FilterAttachment {
  /** For people: `Filter shop/stamp at Service shop/api`. */
  readonly origin: string
  readonly target: Exclude<FilterTarget, { readonly kind: 'elsewhere' }>
  readonly resolved: ResolvedFilter
}

/** What comes together at one place. */
interface Additions {
  readonly filters: readonly FilterSpec[]
  /** Set when one of them is closed. */
  readonly closed?: string
}

const nothing: Additions = { filters: [] }

/** The model with the filters of `attachments`, which are in the order in which they run, and with their code. */
export const attachFilters = (
  model: Model,
  attachments: readonly FilterAttachment[],
  versions: FilterVersions,
): Model => {
  const modules = modulesOf(versions)
  const base = modules.length === 0 ? model : { ...model, filterModules: modules }
  if (attachments.length === 0) return base
  const everywhere = gather(attachments.filter(({ target }) => target.kind === 'gateway'))
  return {
    ...base,
    services: model.services.map((service) => addToService(service, everywhere, attachments)),
    routes: model.routes.map((route) => addToRoute(route, attachments)),
    ...(everywhere.filters.length === 0 ? {} : { podFilters: everywhere.filters }),
    pods: everywhere.closed === undefined ? model.pods : model.pods.map((pod) => close(pod, everywhere)),
  }
}

/** Several Filters of one file share its code. */
const modulesOf = (versions: FilterVersions): readonly FilterModule[] => {
  const modules = new Map<string, FilterModule>()
  for (const { inForce } of versions.values()) {
    if (inForce !== undefined) modules.set(inForce.module.digest, inForce.module)
  }
  return [...modules.values()].toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
}

const gather = (attachments: readonly FilterAttachment[]): Additions => {
  if (attachments.length === 0) return nothing
  const closed = attachments.flatMap(({ resolved }) => (resolved.kind === 'closed' ? [resolved.reason] : []))[0]
  const filters = attachments.flatMap(({ origin, resolved }): readonly FilterSpec[] =>
    resolved.kind === 'in-force' ? [{ ...resolved.spec, origin }] : [],
  )
  return { filters, ...(closed === undefined ? {} : { closed }) }
}

const addToService = (service: Service, everywhere: Additions, attachments: readonly FilterAttachment[]): Service => {
  const own = attachments.filter(({ target }) => target.kind === 'service' && target.key === service.key)
  if (own.length === 0 && everywhere.filters.length === 0 && everywhere.closed === undefined) return service
  const onPort = (port: number | undefined): Additions =>
    gather(own.filter(({ target }) => target.kind === 'service' && target.port === port))
  const whole = onPort(undefined)
  const ports = service.ports.map((port) => {
    const { filters, closed } = onPort(port.port)
    if (closed !== undefined) return { ...port, closed }
    return filters.length === 0 ? port : { ...port, filters }
  })
  return close(
    { ...service, ports, filters: [...service.filters, ...everywhere.filters, ...whole.filters] },
    {
      closed: everywhere.closed ?? whole.closed,
    },
  )
}

/** What was closed before stays closed for its own reason. */
const close = <T extends Service | BoundPod>(it: T, { closed }: { readonly closed?: string | undefined }): T =>
  closed === undefined || it.closed !== undefined ? it : { ...it, closed }

const addToRoute = (route: Route, attachments: readonly FilterAttachment[]): Route => {
  const own = attachments.filter(({ target }) => target.kind === 'route' && target.key === route.key)
  if (own.length === 0) return route
  return { ...route, rules: route.rules.map((rule) => addToRule(rule, own)) }
}

/** Those of the whole route come before those of the rule, and both before what the rule itself lists. */
const addToRule = (rule: Rule, own: readonly FilterAttachment[]): Rule => {
  const isFor =
    (name: string | undefined) =>
    ({ target }: FilterAttachment) =>
      target.kind === 'route' && target.rule === name
  const { filters, closed } = gather([
    ...own.filter(isFor(undefined)),
    ...(rule.name === undefined ? [] : own.filter(isFor(rule.name))),
  ])
  if (closed !== undefined && rule.closed === undefined) {
    return { ...rule, filters: [], backends: [], closed: { status: 500, reason: closed } }
  }
  return filters.length === 0 || rule.closed !== undefined ? rule : { ...rule, filters: [...filters, ...rule.filters] }
}
