import { isPlainObject } from '../../../lib/schema.ts'
import type { KubeJson, Selection } from '../../../kube/client.ts'
import { canBeName, type KubeResource } from '../../../kube/resources.ts'
import { hboneListener, type GatewayObject } from '../../objects/gateway.ts'
import { knownKinds } from '../../objects/kinds.ts'

/** One selection of objects that is to be followed. */
export interface PlannedWatch {
  /** Two with the same key are the same. */
  readonly key: string
  readonly resource: KubeResource
  readonly selection: Selection
  /** Of the others nothing is kept; not given: all are. */
  readonly isWanted?: (object: KubeJson) => boolean
  /** Somebody may have good reasons to forbid it: what refers to the objects then finds none. */
  readonly isOptional: boolean
}

/** What the translation of the objects so far asked for; namespaces, or `NAMESPACE/NAME`. */
export interface SourceWants {
  readonly services: readonly string[]
  readonly pods: readonly string[]
  readonly configMaps: readonly string[]
  readonly secrets: readonly string[]
  readonly rootNamespace: string
}

export interface PlanInput {
  /** Which one this process is. */
  readonly gateway: { readonly namespace: string; readonly name: string }
  /** What it says; `undefined` when it is not there, or not known yet. */
  readonly object: GatewayObject | undefined
  /** The kinds that the server has. */
  readonly kinds: ReadonlyMap<string, KubeResource>
  /** `undefined` before there was a translation. */
  readonly wants: SourceWants | undefined
}

const ours = [...knownKinds].flatMap(([kind, { group }]) => (group === 'fairway.dev' ? [kind] : []))

const ofCluster = ['Namespace', 'GatewayClass', 'Gateway', 'ReferenceGrant', 'ServiceEntry']
const routes = ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute']
const guards = ['AuthorizationPolicy', 'RequestAuthentication']
/** What tells where requests to a Service go. */
const ofBackends = ['Service', 'EndpointSlice', 'BackendTLSPolicy', 'XBackendTrafficPolicy', 'BackendPolicy']
const ofNamespaces = [...new Set([...ofBackends, ...guards, ...ours])]

/** Every kind that is ever followed. */
export const followedKinds: readonly string[] = [
  ...ofCluster,
  'WorkloadEntry',
  ...routes,
  ...ofNamespaces,
  'Telemetry',
  'Pod',
  'ConfigMap',
  'Secret',
]

/** Beyond this many namespaces the Pods of all are followed at once: each watch is work for the API server. */
const manyNamespaces = 32

/** Beyond this many of one namespace all that are there are followed, and only those kept: whoever writes policies could have us open any number. */
const manyNames = 16

/**
 * What has to be followed for a Gateway to know all that it acts on, and no more: a Gateway for its own namespace reads
 * that one, those that its routes lead to, and the routes of all, for clients may have some of their own.
 */
export const planWatches = ({ gateway, object, kinds, wants }: PlanInput): readonly PlannedWatch[] => {
  const own = gateway.namespace
  const listener = object === undefined ? undefined : hboneListener(object)
  const isWide = ['All', 'Selector'].includes(listener?.allowedRoutes.namespaces.from ?? 'Same')
  const referred = isWide ? [] : (wants?.services ?? []).filter((namespace) => namespace !== own)
  const root = wants?.rootNamespace
  const plan = new Plan(kinds)
  for (const kind of ofCluster) plan.add(kind, {})
  // Rights of an older version do without these: who selects them is told that there are none.
  plan.add('WorkloadEntry', {}, { isOptional: true })
  if (object === undefined) return plan.watches()
  for (const kind of routes) {
    if (isWide) plan.add(kind, {})
    else plan.add(kind, {}, { name: `${kind} of ${own}`, isWanted: (route) => concerns(route, own) })
  }
  for (const kind of ofNamespaces) plan.add(kind, isWide ? {} : { namespace: own })
  for (const kind of guards) if (!isWide && root !== undefined) plan.add(kind, { namespace: root })
  // Requests are served whoever may be told of them: rights of an older version do without these.
  if (isWide) plan.add('Telemetry', {}, { isOptional: true })
  else for (const namespace of new Set([own, root ?? own])) plan.add('Telemetry', { namespace }, { isOptional: true })
  for (const namespace of referred) for (const kind of ofBackends) plan.add(kind, { namespace }, { isOptional: true })
  const pods = wants?.pods ?? []
  if (isWide && pods.length > manyNamespaces) plan.add('Pod', {})
  else for (const namespace of pods) plan.add('Pod', { namespace }, { isOptional: referred.includes(namespace) })
  plan.addNamed('ConfigMap', wants?.configMaps ?? [])
  plan.addNamed('Secret', wants?.secrets ?? [])
  return plan.watches()
}

/** Whether a route stands in a namespace, or has a parent there. */
const concerns = ({ metadata, spec }: KubeJson, namespace: string): boolean => {
  if (metadata.namespace === namespace) return true
  const refs = isPlainObject(spec) ? spec['parentRefs'] : undefined
  return Array.isArray(refs) && refs.some((ref) => isPlainObject(ref) && ref['namespace'] === namespace)
}

interface WatchOptions {
  readonly name?: string
  readonly isWanted?: PlannedWatch['isWanted']
  readonly isOptional?: boolean
}

class Plan {
  readonly #kinds: PlanInput['kinds']
  readonly #watches = new Map<string, PlannedWatch>()

  constructor(kinds: PlanInput['kinds']) {
    this.#kinds = kinds
  }

  add(kind: string, selection: Selection, { name, isWanted, isOptional = false }: WatchOptions = {}): void {
    const resource = this.#kinds.get(kind)
    // Where the API server has no such kind there is nothing to know of it.
    if (resource === undefined) return
    const { namespace, fields } = selection
    const of = name ?? [kind, namespace ?? '', fields ?? ''].join(' ').trim()
    const key = `${resource.version} ${of}`
    const before = this.#watches.get(key)
    this.#watches.set(key, {
      key,
      resource,
      selection,
      ...(isWanted === undefined ? {} : { isWanted }),
      isOptional: isOptional && before?.isOptional !== false,
    })
  }

  /** Objects by `NAMESPACE/NAME`, each alone, which rights by name can be given for, as long as they are few. */
  addNamed(kind: string, keys: readonly string[]): void {
    for (const [namespace, names] of namesByNamespace(keys)) {
      if (names.length > manyNames) {
        const wanted = new Set(names)
        const isWanted = ({ metadata }: KubeJson): boolean => wanted.has(metadata.name)
        this.add(kind, { namespace }, { name: `${kind} ${namespace} ${names.join(' ')}`, isWanted, isOptional: true })
      } else
        for (const name of names) this.add(kind, { namespace, fields: `metadata.name=${name}` }, { isOptional: true })
    }
  }

  watches(): readonly PlannedWatch[] {
    return [...this.#watches.values()]
  }
}

/** Without those that cannot be, which need no question; a server that refuses it would hold up everything else. */
const namesByNamespace = (keys: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const places = keys.map((key) => {
    const slash = key.indexOf('/')
    return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
  })
  const groups = Map.groupBy(
    places.filter(({ name }) => canBeName(name)),
    ({ namespace }) => namespace,
  )
  return new Map(Array.from(groups, ([namespace, all]) => [namespace, all.map(({ name }) => name)]))
}
