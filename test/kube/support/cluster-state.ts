/** All that a controller made and said in a cluster, so that two clusters can be compared. */
import type { KubeServer } from '../../support/kube/kube-server.ts'
import {
  isList,
  isObject,
  listAt,
  textAt,
  without,
  type Json,
  type JsonObject,
} from '../../support/kube/stand-in/json.ts'

const ours = 'labelSelector=app.kubernetes.io%2Fmanaged-by%3Dfairway'
const paths: readonly string[] = [
  '/apis/gateway.networking.k8s.io/v1/gatewayclasses',
  '/apis/gateway.networking.k8s.io/v1/gateways',
  '/apis/gateway.networking.k8s.io/v1/httproutes',
  `/apis/apps/v1/deployments?${ours}`,
  `/api/v1/services?${ours}`,
  `/api/v1/serviceaccounts?${ours}`,
  `/apis/autoscaling/v2/horizontalpodautoscalers?${ours}`,
  `/apis/policy/v1/poddisruptionbudgets?${ours}`,
  `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings?${ours}`,
  `/apis/rbac.authorization.k8s.io/v1/rolebindings?${ours}`,
]

/** What differs between two clusters however they came about. */
const ownFields = [
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'managedFields',
  'lastTransitionTime',
  'clusterIP',
  'clusterIPs',
  'fairway.dev/gateway-uid',
  'fairway.dev/applied-hash',
]

/** Objects by kind and name, without what tells one run from another. */
export const readState = async ({ ask }: KubeServer): Promise<ReadonlyMap<string, JsonObject>> => {
  const state = new Map<string, JsonObject>()
  for (const path of paths) {
    const list = await ask.good('GET', path)
    const kind = textAt(list, 'kind').replace(/List$/, '')
    for (const item of listAt(list, 'items')) {
      if (!isObject(item)) continue
      const key = `${kind} ${textAt(item, 'metadata', 'namespace')}/${textAt(item, 'metadata', 'name')}`
      const clean = strip(without(item, 'kind', 'apiVersion'))
      // How often an object was written says nothing about what it is; what users write counts.
      state.set(key, kind.startsWith('Gateway') || kind === 'HTTPRoute' ? clean : withoutGeneration(clean))
    }
  }
  return state
}

/** What is in one state and not in the other, or another there; a line each, from where they differ. */
export const compareStates = (
  a: ReadonlyMap<string, JsonObject>,
  b: ReadonlyMap<string, JsonObject>,
): readonly string[] =>
  [...new Set([...a.keys(), ...b.keys()])].toSorted().flatMap((key) => {
    const [left, right] = [JSON.stringify(a.get(key) ?? {}), JSON.stringify(b.get(key) ?? {})]
    if (left === right) return []
    const at = Math.max(0, firstDifference(left, right) - BEFORE)
    return [`${key}: ${left.slice(at, at + SHOWN)} is ${right.slice(at, at + SHOWN)}`]
  })

const firstDifference = (a: string, b: string): number => {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return at
}

const BEFORE = 40
const SHOWN = 160

const strip = (object: JsonObject): JsonObject => {
  const value = stripValue(object)
  return isObject(value) ? value : {}
}

const stripValue = (value: Json): Json => {
  if (isList(value)) return value.map(stripValue)
  if (!isObject(value)) return value
  const entries = Object.entries(value)
    // A route that nobody says anything of any more is as one that nobody ever did.
    .filter(([field, inner]) => !ownFields.includes(field) && JSON.stringify(inner) !== '{"parents":[]}')
    .map(([field, inner]) => [field, stripValue(inner)] as const)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

const withoutGeneration = (object: JsonObject): JsonObject => {
  const metadata = object['metadata']
  return isObject(metadata) ? { ...object, metadata: without(metadata, 'generation') } : object
}
