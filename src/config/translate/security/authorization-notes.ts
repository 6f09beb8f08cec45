import {
  isRequestField,
  type AuthorizationAction,
  type AuthorizationRule,
  type FieldCondition,
} from '../../../model/security/authorization.ts'
import type { AuthorizationPolicyObject } from '../../objects/authorization-policy/authorization-policy.ts'
import { DRY_RUN, readDryRun } from '../../objects/authorization-policy/dry-run.ts'
import { servesPods, type PolicyNotes } from './attachment.ts'
import { conditionsOf, createRuleJudge, isAboutToken, type RuleLack } from './judge-rule.ts'
import type { FitScope } from './never-fits.ts'
import { mayCarryRequests, protocolOf } from '../service/port-protocol.ts'
import { addressesOf, tcpPortsOf } from '../service/service-facts.ts'
import type { ResolvedTargets, TargetScope } from './resolve-targets.ts'

/** What notes are made by. */
export interface NoteScope extends TargetScope {
  /** Why nobody can be asked by a provider's name; `undefined` when somebody can. */
  readonly providerFault: (name: string) => string | undefined
  /** Whether somebody can be asked by it about requests only. */
  readonly isForRequests: (name: string) => boolean
  /** The issuers whose tokens are verified on a Service, by its key; an empty text stands for any. */
  readonly issuersOf: (service: string) => readonly string[]
}

/** What of the mesh decides about what policies can match. */
export interface MeshFacts extends Omit<FitScope, 'ports' | 'addresses' | 'trustDomains' | 'issuers'> {
  readonly trustDomains: readonly string[]
  /** Nobody has said that these are the mesh's. */
  readonly isTrustDomainAssumed: boolean
}

/** What all targets of a policy have. */
interface TargetFacts {
  readonly addresses: readonly string[]
  /** Whose tokens are verified at some of them; an empty text stands for anybody's. */
  readonly issuers: readonly string[]
  readonly ports: ReadonlySet<number>
  /** Ports that are declared to be no HTTP. */
  readonly opaque: ReadonlySet<number>
  /** All are declared to be HTTP. */
  readonly areHttp: boolean
}

/** How many are told of. */
const MAX_NOTES = 8

/** Says what of a policy can have no effect here, or another than it seems, and why. */
export type NotesOf = (policy: AuthorizationPolicyObject, targets: ResolvedTargets) => PolicyNotes

/** Makes the notes for one set of objects; what policies with the same targets share is found out once. */
export const createNotes = (scope: NoteScope, mesh: MeshFacts): NotesOf => {
  const known = new Map<readonly string[], TargetFacts>()
  const factsOf = (services: readonly string[]): TargetFacts => {
    const found = known.get(services) ?? findFacts(services, scope)
    known.set(services, found)
    return found
  }
  const { isTrustDomainAssumed, ...facts } = mesh
  return (policy, { services, takesPods }) => {
    const { action, rules, metadata } = policy
    const { addresses, issuers, ports, opaque, areHttp } = factsOf(services)
    const hasPods = servesPods(scope) && takesPods(metadata.namespace)
    const whyNoTokens = findWhyNoTokens(action, services.length > 0 && issuers.length === 0)
    const judge = createRuleJudge(action, {
      ...facts,
      trustDomains: isTrustDomainAssumed ? undefined : mesh.trustDomains,
      written: mesh.trustDomains,
      ports: hasPods ? undefined : ports,
      addresses: hasPods ? undefined : addresses,
      isHttpOnly: areHttp && !hasPods,
      issuers: hasPods || whyNoTokens !== undefined || issuers.includes('') ? undefined : issuers,
      lacksTokens: whyNoTokens !== undefined && (action === 'CUSTOM' || !hasPods),
    })
    const judged = rules.map(judge)
    const texts = [
      ...aboutPolicy(policy, scope),
      ...(rules.some((rule) => takesConnections(rule, opaque)) ? aboutProvider(policy, scope) : []),
      ...judged.flatMap(({ lack }, index) => (lack === undefined ? [] : [formatLack(lack, index, action)])),
      ...(whyNoTokens === undefined ? [] : aboutTokens(policy, whyNoTokens)),
      ...rules.flatMap((rule, index) => [
        ...(judged[index]?.notes ?? []),
        ...(takesConnections(rule, opaque) ? aboutConnections(rule, index, policy) : []),
      ]),
    ]
    const more = texts.length - MAX_NOTES
    return {
      texts: more > 0 ? [...texts.slice(0, MAX_NOTES), `${more} more`] : texts,
      reason: judged.some(({ lack }) => lack !== undefined) ? 'NeverMatches' : 'UnsupportedValue',
    }
  }
}

const verbs: Readonly<Record<AuthorizationAction, string>> = {
  ALLOW: 'allows',
  DENY: 'denies',
  AUDIT: 'notes',
  CUSTOM: 'asks about',
}

/** Stands before all else: a rule that should refuse and never matches lets through what it was written against. */
const formatLack = (lack: RuleLack, index: number, action: AuthorizationAction): string =>
  lack === 'all'
    ? `rules[${index}] ${verbs[action]} nothing, since nothing can match it`
    : `rules[${index}] ${verbs[action]} no request, since none can match it`

const findFacts = (services: readonly string[], { bound, issuersOf }: NoteScope): TargetFacts => {
  const targets = services.flatMap((key) => bound.get(key)?.object ?? [])
  const ports = targets.flatMap(tcpPortsOf)
  const numbersOf = (some: typeof ports): ReadonlySet<number> => new Set(some.map(({ port }) => port))
  const isOpaque = (port: (typeof ports)[number]): boolean => !mayCarryRequests(protocolOf(port))
  const isHttp = (port: (typeof ports)[number]): boolean => ['http', 'http2', 'grpc'].includes(protocolOf(port))
  return {
    addresses: targets.flatMap(addressesOf),
    issuers: [...new Set(services.flatMap(issuersOf))],
    ports: numbersOf(ports),
    opaque: numbersOf(ports.filter(isOpaque)),
    areHttp: ports.every(isHttp),
  }
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

/** Istio refuses CUSTOM policies that are about tokens, since theirs is the same order. */
const findWhyNoTokens = (action: AuthorizationAction, isUnverified: boolean): string | undefined => {
  if (action === 'CUSTOM') return 'providers are asked before any token is looked at'
  return isUnverified ? 'no RequestAuthentication verifies tokens there' : undefined
}

const aboutTokens = ({ rules }: AuthorizationPolicyObject, why: string): readonly string[] => {
  const asking = rules.flatMap(conditionsOf).find(isAboutToken)
  return asking === undefined ? [] : [`${asking.path}: ${why}, so there are none`]
}

const aboutPolicy = (
  { action, provider, rules, metadata }: AuthorizationPolicyObject,
  { providerFault }: NoteScope,
): readonly string[] => {
  const isDryRun = readDryRun(metadata)
  const fault = provider === undefined ? undefined : providerFault(provider)
  return [
    ...(rules.length === 0 && action !== 'ALLOW' ? [`spec.rules is empty: ${action} matches nothing`] : []),
    ...(isDryRun === undefined
      ? [`annotation ${DRY_RUN} is "${metadata.annotations[DRY_RUN]}" and not "true": the policy is carried out`]
      : []),
    ...(isDryRun === true && (action === 'CUSTOM' || action === 'AUDIT')
      ? [`annotation ${DRY_RUN} means nothing with ${action}`]
      : []),
    ...(fault === undefined ? [] : [`spec.provider: what a rule matches is denied, since ${fault}`]),
  ]
}

/** Of policies for ports where connections are passed on. */
const aboutProvider = ({ provider }: AuthorizationPolicyObject, { isForRequests }: NoteScope): readonly string[] =>
  provider !== undefined && isForRequests(provider)
    ? [
        `spec.provider: ${provider} speaks HTTP and can be asked about no connection: those that a rule matches are closed`,
      ]
    : []

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
