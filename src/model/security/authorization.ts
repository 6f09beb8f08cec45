/** An AuthorizationPolicy as data: who may, or may not, and for which requests. */
export interface AuthorizationPolicy {
  /** `NAMESPACE/NAME` */
  readonly key: string
  readonly action: AuthorizationAction
  /** Decided and told of, and never carried out (annotation `istio.io/dry-run`). */
  readonly isDryRun: boolean
  /** Whom to ask, by name; of `CUSTOM` only. */
  readonly provider?: string
  /** The policy matches what one of them matches; without any it matches nothing. */
  readonly rules: readonly AuthorizationRule[]
}

/** `CUSTOM` asks a provider, `AUDIT` only leaves a note. */
export type AuthorizationAction = 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM'

/** Matches when one of `from`, one of `to` and all of `when` do; an empty list says nothing, and so always does. */
export interface AuthorizationRule {
  readonly from: readonly (readonly FieldCondition[])[]
  readonly to: readonly (readonly FieldCondition[])[]
  readonly when: readonly FieldCondition[]
}

/** Holds when one of `values` fits, where there are any, and none of `notValues` does. */
export interface FieldCondition {
  readonly field: PolicyField
  /** As written, but for trust domains, which stand here with all their aliases. */
  readonly values: readonly string[]
  readonly notValues: readonly string[]
  /** Where it stands in `spec`: `rules[0].from[1].source.principals`. */
  readonly path: string
}

/** What a condition is about, as Istio's `when` calls it; what only an operation can name as `request.…`. */
export type PolicyField = { readonly kind: ConnectionField } | RequestField

/** Of a connection, and so of each request in it. */
export type ConnectionField =
  | 'source.principal'
  | 'source.namespace'
  /** Values are `NAMESPACE/NAME`. */
  | 'source.serviceAccount'
  | 'source.trustDomain'
  | 'source.ip'
  | 'remote.ip'
  | 'destination.ip'
  | 'destination.port'
  | 'connection.sni'

/** Of a request, so that a connection whose bytes are passed on does not have it. */
export type RequestField =
  | { readonly kind: PlainRequestField }
  /** In lower case. */
  | { readonly kind: 'request.headers' | 'request.experimental.inline.headers'; readonly name: string }
  /** `request.auth.claims[a][b]` */
  | { readonly kind: 'request.auth.claims'; readonly names: readonly string[] }

type PlainRequestField =
  | 'request.auth.principal'
  | 'request.auth.audiences'
  | 'request.auth.presenter'
  | 'request.host'
  | 'request.method'
  | 'request.path'

/** Fields without a name of their own in brackets. */
export type PlainField = ConnectionField | PlainRequestField

/** Whether a connection whose bytes are passed on lacks a field. */
export const isRequestField = (field: PolicyField): field is RequestField => field.kind.startsWith('request.')

/** Whether a ztunnel has a condition, in a policy that names no target (Istio, `convertAuthorizationPolicy`). */
export const isSeenByZtunnel = ({ field, path }: FieldCondition): boolean =>
  ztunnelSees.has(field.kind) && (field.kind !== 'source.serviceAccount' || !path.includes('.when['))

const ztunnelSees: ReadonlySet<string> = new Set<PolicyField['kind']>([
  ...(['source.principal', 'source.namespace', 'source.serviceAccount', 'source.ip'] as const),
  ...(['destination.ip', 'destination.port'] as const),
])
