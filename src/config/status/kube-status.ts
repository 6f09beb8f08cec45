/**
 * The one place that spells conditions as Kubernetes does: the command line prints it, the admin API shows it, and what
 * is written into a cluster is it too. Where conditions come from, and who reads them, must never enter here.
 */
import { hideSecrets } from '../../lib/secrets/hide-secrets.ts'
import { isFault, type Condition, type ParentReference } from '../../model/condition.ts'
import { kindApi } from '../objects/kind-apis.ts'

/** Who speaks in `status.parents` and `status.ancestors`: other controllers keep entries of their own beside it. */
export const CONTROLLER_NAME = 'fairway.dev/waypoint-controller'

/** `metav1.Condition`; when it last changed is not known here, whoever writes it into a cluster adds that. */
export interface KubeCondition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly observedGeneration?: number
  readonly reason: string
  readonly message: string
}

/** An entry of a route's `status.parents`. */
export interface ParentStatus {
  readonly parentRef: ParentReference
  readonly controllerName: string
  readonly conditions: readonly KubeCondition[]
}

/** An entry of a policy's `status.ancestors`. */
export interface AncestorStatus {
  readonly ancestorRef: ParentReference
  readonly controllerName: string
  readonly conditions: readonly KubeCondition[]
}

/** `status` of an object: by its kind one of the three, and `conditions` as well for what is about no parent. */
export interface KubeStatus {
  readonly parents?: readonly ParentStatus[]
  readonly ancestors?: readonly AncestorStatus[]
  readonly conditions?: readonly KubeCondition[]
}

/** Where Gateway API has the conditions of a kind. */
export type StatusShape = 'parents' | 'ancestors' | 'conditions'

const shapes: ReadonlyMap<string, StatusShape> = new Map<string, StatusShape>([
  ...['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'].map((kind) => [kind, 'parents'] as const),
  ...['BackendPolicy', 'BackendTLSPolicy', 'XBackendTrafficPolicy'].map((kind) => [kind, 'ancestors'] as const),
])

export const statusShapeOf = (kind: string): StatusShape => shapes.get(kind) ?? 'conditions'

/** The status of one object out of all its conditions. */
export const kubeStatusOf = (kind: string, conditions: readonly Condition[]): KubeStatus => {
  const shape = statusShapeOf(kind)
  if (shape === 'conditions') return { conditions: kubeConditionsOf(conditions) }
  const entries = new Map<string, { readonly ref: ParentReference; readonly conditions: Condition[] }>()
  const aboutNobody: Condition[] = []
  for (const condition of conditions) {
    const { parent = '' } = condition
    const ref = condition.parentRef ?? parseParent(parent)
    if (ref === undefined) {
      aboutNobody.push(condition)
      continue
    }
    const entry = entries.get(parent) ?? { ref, conditions: [] }
    entries.set(parent, entry)
    entry.conditions.push(condition)
  }
  const list = [...entries.values()].map((entry) => ({ ref: entry.ref, own: kubeConditionsOf(entry.conditions) }))
  const rest = aboutNobody.length === 0 ? {} : { conditions: kubeConditionsOf(aboutNobody) }
  const controllerName = CONTROLLER_NAME
  return shape === 'parents'
    ? {
        parents: list.map(({ ref, own }) => ({ parentRef: ref, controllerName, conditions: own })),
        ...rest,
      }
    : {
        ancestors: list.map(({ ref, own }) => ({ ancestorRef: ref, controllerName, conditions: own })),
        ...rest,
      }
}

/** The API server takes no longer message than this. */
const MAX_MESSAGE = 32_768

/** A message as the API server takes it: with one that is longer it refuses the whole status. */
export const fitMessage = (message: string): string =>
  message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message

/** The API server takes one condition of a type: of several the bad ones are told together, with the reason of the first. */
const kubeConditionsOf = (conditions: readonly Condition[]): readonly KubeCondition[] =>
  [...Map.groupBy(conditions, ({ type }) => type).values()].flatMap((same) => {
    const bad = same.filter(isFault)
    const [first, ...more] = bad.length > 0 ? bad : same.slice(0, 1)
    if (first === undefined) return []
    const { type, status, observedGeneration, reason } = first
    const message = hideSecrets([first, ...more].map((condition) => condition.message).join('; '))
    return {
      type,
      status,
      ...(observedGeneration === undefined ? {} : { observedGeneration }),
      reason,
      message: fitMessage(message),
    }
  })

/** Reads `Service shop/api:80#http` for conditions that name a parent which their object does not refer to. */
const parseParent = (text: string): ParentReference | undefined => {
  const [, kind, namespace, name, port, sectionName] =
    /^(\S+) ([^/\s]+)\/([^:#\s]+)(?::(\d+))?(?:#(\S+))?$/.exec(text) ?? []
  if (kind === undefined || namespace === undefined || name === undefined) return undefined
  return {
    group: kindApi(kind)?.group ?? '',
    kind,
    namespace,
    name,
    ...(sectionName === undefined ? {} : { sectionName }),
    ...(port === undefined ? {} : { port: Number(port) }),
  }
}
