import { HIDDEN, hideSecrets, isSecretName } from '../lib/secrets/hide-secrets.ts'
import type { FilterSpec } from '../model/filter-spec.ts'
import type { ValueMatch } from '../model/match.ts'
import type { Route, Rule } from '../model/route.ts'
import type { Service, ServicePort } from '../model/service.ts'

/** A filter without its configuration: a header modifier may well set an `Authorization`. */
const redactFilter = ({ kind, origin }: FilterSpec) => ({ kind, origin })

const redactHeader = (match: ValueMatch): ValueMatch => (isSecretName(match.name) ? { ...match, value: HIDDEN } : match)

/** A reason may quote what a filter said about its configuration. */
const redactReason = <T extends { readonly reason: string }>(part: T): T => ({
  ...part,
  reason: hideSecrets(part.reason),
})

const redactRule = (rule: Rule) => ({
  ...rule,
  ...(rule.closed === undefined ? {} : { closed: redactReason(rule.closed) }),
  matches: rule.matches.map((match) => ({
    ...match,
    headers: match.headers.map(redactHeader),
    queryParams: match.queryParams.map(redactHeader),
  })),
  filters: rule.filters.map(redactFilter),
  backends: rule.backends.map((backend) =>
    backend.kind === 'service' ? { ...backend, filters: backend.filters.map(redactFilter) } : redactReason(backend),
  ),
})

/** A route as the admin API shows it: without the configuration of filters and values of secret headers. */
export const redactRoute = (route: Route) => ({ ...route, rules: route.rules.map(redactRule) })

const redactPort = ({ filters, ...port }: ServicePort): object => ({
  ...redactClosed(port),
  ...(filters === undefined ? {} : { filters: filters.map(redactFilter) }),
})

const redactClosed = <T extends { readonly closed?: string }>(part: T): T =>
  part.closed === undefined ? part : { ...part, closed: hideSecrets(part.closed) }

/** A Service as the admin API shows it. */
export const redactService = (service: Service) => ({
  ...redactClosed(service),
  filters: service.filters.map(redactFilter),
  ports: service.ports.map(redactPort),
})
