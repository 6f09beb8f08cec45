import { isConnectionSpecific } from '../../../http/hop-by-hop.ts'
import { isIdentityClaim } from '../../../http/identity-claims.ts'
import {
  isRequestField,
  type AuthorizationRule,
  type FieldCondition,
  type PolicyField,
} from '../../../model/security/authorization.ts'
import type { AuthorizationPolicyObject } from '../../objects/authorization-policy/authorization-policy.ts'
import { protocolOf } from '../service/port-protocol.ts'
import { tcpPortsOf } from '../service/service-facts.ts'
import type { ResolvedTargets, TargetScope } from './resolve-targets.ts'

/** What notes are made by. */
export interface NoteScope extends TargetScope {
  /** Why nobody can be asked by a provider's name; `undefined` when somebody can. */
  readonly providerFault: (name: string) => string | undefined
  /** Whether a RequestAuthentication is in force on a Service, by its key. */
  readonly verifiesTokens: (service: string) => boolean
}

/** What the ports of all targets of a policy are. */
interface TargetPorts {
  readonly all: ReadonlySet<number>
  /** Those that are declared to be no HTTP. */
  readonly opaque: ReadonlySet<number>
}

/** How many are told of. */
const MAX_NOTES = 8

/** Says what of a policy can have no effect here, or another than it seems, and why. */
export type NotesOf = (policy: AuthorizationPolicyObject, targets: ResolvedTargets) => readonly string[]

/** Makes the notes for one set of objects; what policies with the same targets share is found out once. */
export const createNotes = (scope: NoteScope): NotesOf => {
  const known = new Map<readonly string[], TargetPorts>()
  const portsOf = (services: readonly string[]): TargetPorts => {
    const ports = known.get(services) ?? findPorts(services, scope)
    known.set(services, ports)
    return ports
  }
  return (policy, { services, takesPods }) => {
    const { all, opaque } = portsOf(services)
    const ports = takesPods(policy.metadata.namespace) ? undefined : all
    const notes = [
      ...aboutPolicy(policy, scope),
      ...aboutTokens(policy, services, scope),
      ...policy.rules.flatMap((rule, index) => [
        ...conditionsOf(rule).flatMap((condition) => aboutCondition(condition, ports)),
        ...(takesConnections(rule, opaque) ? aboutConnections(rule, index, policy) : []),
      ]),
    ]
    const more = notes.length - MAX_NOTES
    return more > 0 ? [...notes.slice(0, MAX_NOTES), `${more} more`] : notes
  }
}

const findPorts = (services: readonly string[], { bound }: NoteScope): TargetPorts => {
  const ports = services.flatMap((key) => {
    const service = bound.get(key)?.object
    return service === undefined ? [] : tcpPortsOf(service)
  })
  const numbersOf = (some: typeof ports): ReadonlySet<number> => new Set(some.map(({ port }) => port))
  const isOpaque = (port: (typeof ports)[number]): boolean => ['tcp', 'tls'].includes(protocolOf(port))
  return { all: numbersOf(ports), opaque: numbersOf(ports.filter(isOpaque)) }
}

/** Whether a rule can be about a connection to one of these ports, as far as it names ports. */
const takesConnections = ({ to, when }: AuthorizationRule, opaque: ReadonlySet<number>): boolean => {
  const admits = (conditions: readonly FieldCondition[]): boolean =>
    conditions.every(
      ({ field, values }) =>
        field.kind !== 'destination.port' || values.length === 0 || values.some((port) => opaque.has(Number(port))),
    )
  return opaque.size > 0 && admits(when) && (to.length === 0 || to.some(admits))
}

const aboutTokens = (
  { rules }: AuthorizationPolicyObject,
  services: readonly string[],
  { verifiesTokens }: NoteScope,
): readonly string[] => {
  const asking = rules.flatMap(conditionsOf).find(({ field }) => field.kind.startsWith('request.auth.'))
  if (asking === undefined || services.length === 0 || services.some(verifiesTokens)) return []
  return [`${asking.path}: no RequestAuthentication verifies tokens there, so there are none`]
}

const conditionsOf = ({ from, to, when }: AuthorizationRule): readonly FieldCondition[] => [
  ...from.flat(),
  ...to.flat(),
  ...when,
]

const aboutPolicy = (
  { action, provider, rules, metadata }: AuthorizationPolicyObject,
  { providerFault }: NoteScope,
): readonly string[] => {
  const dryRun = metadata.annotations['istio.io/dry-run']
  const fault = provider === undefined ? undefined : providerFault(provider)
  const isKnown = dryRun === undefined || dryRun === 'true' || dryRun === 'false'
  return [
    ...(rules.length === 0 && action !== 'ALLOW' ? [`spec.rules is empty: ${action} matches nothing`] : []),
    ...(isKnown ? [] : [`annotation istio.io/dry-run is "${dryRun}" and not "true": the policy is carried out`]),
    ...(dryRun === 'true' && (action === 'CUSTOM' || action === 'AUDIT')
      ? [`annotation istio.io/dry-run means nothing with ${action}`]
      : []),
    ...(fault === undefined ? [] : [`spec.provider: what a rule matches is denied, since ${fault}`]),
  ]
}

/** Connections have no methods and paths (waypoint contract 7.3). */
const aboutConnections = (
  rule: AuthorizationRule,
  index: number,
  { action }: AuthorizationPolicyObject,
): readonly string[] => {
  const found = conditionsOf(rule).find(({ field }) => isRequestField(field))
  if (found === undefined) return []
  const effect =
    action === 'ALLOW'
      ? `rules[${index}] allows no connection that is not HTTP`
      : `rules[${index}] matches connections that are not HTTP without it`
  return [`${found.path} is about requests: ${effect}`]
}

const aboutCondition = (
  { field, values, notValues, path }: FieldCondition,
  ports: ReadonlySet<number> | undefined,
): readonly string[] =>
  [...values, ...notValues].flatMap((value) => {
    const why = whyNever(field, value, ports)
    return why === undefined ? [] : [`${path}: "${value}" never fits, ${why}`]
  })

/** Why a value fits nothing, whatever comes. */
const whyNever = (field: PolicyField, value: string, ports: ReadonlySet<number> | undefined): string | undefined => {
  const { kind } = field
  if ('name' in field && isTakenOut(field.name)) return 'since the field is taken out before policies are asked'
  if (kind === 'destination.port') {
    return ports?.has(Number(value)) === false ? 'since no Service that the policy targets has such a port' : undefined
  }
  if (kind === 'request.path') return whyNoPath(value)
  if (kind === 'request.method' && /^[a-z]/.test(value)) return 'since methods are in capitals'
  if (kind === 'source.principal' && value.startsWith('spiffe://')) return 'since principals stand without spiffe://'
  const isGlob = kind === 'source.namespace' || kind.endsWith('.ip')
  return !isGlob && value.slice(1, -1).includes('*') ? 'since * stands for something at one end only' : undefined
}

/** Of the connection alone, or what clients claim of themselves; the endpoint is asked for an Upgrade, and a policy sees it. */
const isTakenOut = (name: string): boolean =>
  (isConnectionSpecific(name) && name !== 'upgrade') || name === 'http2-settings' || isIdentityClaim(name)

const whyNoPath = (value: string): string | undefined => {
  if (!value.startsWith('/') && !value.startsWith('*')) return 'since paths begin with /'
  if (value.includes('?')) return 'since the query is no part of the path'
  return !value.includes('{*') && value.slice(1, -1).includes('*')
    ? 'since * stands for something at one end only'
    : undefined
}
