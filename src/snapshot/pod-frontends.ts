import { emptyChain } from '../filter/chain.ts'
import type { FilterFactory } from '../filter/instances.ts'
import { joinHostPort } from '../lib/ip.ts'
import { isEqual } from '../lib/is-equal.ts'
import { formatPodEndpointKey, type BoundPod } from '../model/endpoint.ts'
import type { FilterSpec } from '../model/filter-spec.ts'
import type { TelemetryPolicy } from '../model/telemetry/telemetry-policy.ts'
import { compileChain } from './compile-route.ts'
import type { Authentications } from './security/tokens/authentication-plan.ts'
import type { AuthorizationIndex, PolicyPlan } from './security/policy-plans.ts'
import type { IndexCompiler } from './security/compile-authorization.ts'
import type { EndpointGroup, PodChain, PodFrontend, PodFrontends } from './snapshot.ts'

/** How many frontends a generation of the cache holds; there are two. */
const CACHED = 2048
/** How many Pods are filed between two pauses. */
const STEP = 1024

interface PodPolicies {
  /** What all of them pass. */
  readonly filters: PodChain
  readonly plans: ReadonlyMap<string, PolicyPlan>
  readonly indexes: Pick<IndexCompiler, 'compile'>
  readonly authentications: Authentications
  readonly telemetry: TelemetryPolicy | undefined
}

/**
 * The filters of all Pods as a chain; the same object as before as long as nothing of them changed. Frontends are made when
 * they are asked for, but filters when a snapshot is, as all others.
 */
export const compilePodChain = (
  source: readonly FilterSpec[],
  before: PodChain | undefined,
  filters: FilterFactory,
): PodChain => {
  if (before !== undefined && isEqual(before.source, source)) return before
  const compiled = compileChain(source, filters)
  if ('chain' in compiled) return { source, chain: compiled.chain, failure: undefined }
  return { source, chain: emptyChain, failure: compiled.failure }
}

/**
 * Makes the frontends of bound Pods; `undefined` when there are none. Those that were made before are handed on as long
 * as their Pod and its policies are the same.
 */
export function* compilePods(
  pods: readonly BoundPod[],
  previous: PodFrontends | undefined,
  { plans, indexes, authentications, telemetry, filters }: PodPolicies,
): Generator<void, PodFrontends | undefined> {
  if (pods.length === 0) return undefined
  const isSame =
    previous?.plans === plans &&
    previous.authentications === authentications.policies &&
    previous.telemetry === telemetry &&
    previous.filters === filters
  if (isSame && previous.source === pods) return previous
  const judged = new Map<BoundPod, AuthorizationIndex>()
  const byAddress = new Map<string, BoundPod>()
  let count = 0
  for (const pod of pods) {
    // Two Pods with one address cannot be; should they, the first in the model's order holds it.
    for (const address of pod.addresses) if (!byAddress.has(address)) byAddress.set(address, pod)
    const authorization = yield* indexes.compile(pod.authorizations)
    if (authorization !== undefined) judged.set(pod, authorization)
    if (++count % STEP === 0) yield
  }
  const cache = createCache()
  for (const before of previous?.made() ?? []) {
    const [endpoint] = before.passThrough.backend.group?.endpoints ?? []
    if (endpoint === undefined || previous?.filters !== filters || before.telemetry !== telemetry) continue
    const pod = byAddress.get(endpoint.address)
    if (pod === undefined || !isEqual(pod, before.pod) || judged.get(pod) !== before.authorization) continue
    if (authentications.planOf(pod.authentications) === before.authentication)
      cache.set(joinHostPort(endpoint.address, endpoint.port), before)
  }
  const find = (authority: string): PodFrontend | undefined => {
    const cached = cache.get(authority)
    if (cached !== undefined) return cached
    const [, host = '', digits] = AUTHORITY.exec(authority) ?? []
    const address = host.startsWith('[') ? host.slice(1, -1) : host
    const pod = byAddress.get(address)
    const port = Number(digits)
    if (pod === undefined || port > 65_535) return undefined
    const authentication = authentications.planOf(pod.authentications)
    const frontend = createFrontend(pod, {
      ...{ address, port, filters, telemetry, authentication },
      authorization: judged.get(pod),
    })
    cache.set(authority, frontend)
    return frontend
  }
  return {
    find,
    made: cache.values,
    source: pods,
    plans,
    authentications: authentications.policies,
    telemetry,
    filters,
  }
}

const AUTHORITY = /^([0-9.]+|\[[0-9a-f:.]+\]):([1-9][0-9]{0,4})$/

const noTables: PodFrontend['consumers'] = new Map()
/** Istio's word for traffic that no Service was asked for; a Pod's own name would make a series of metrics for each. */
const UNKNOWN = 'unknown'

const createFrontend = (
  pod: BoundPod,
  {
    address,
    port,
    filters,
    authorization,
    authentication,
    telemetry,
  }: { readonly address: string; readonly port: number; readonly filters: PodChain } & Pick<
    PodFrontend,
    'authorization' | 'authentication' | 'telemetry'
  >,
): PodFrontend => {
  const { key, transport, identity, workload } = pod
  const [namespace = ''] = key.split('/', 1)
  const destination = { namespace, name: UNKNOWN, hostname: UNKNOWN, port }
  const endpoint = { address, port, transport, ...(identity === undefined ? {} : { identity }), workload }
  const group: EndpointGroup = { key: formatPodEndpointKey(key, port), endpoints: [endpoint] }
  return {
    kind: 'pod',
    destination,
    pod,
    port: { port },
    protocol: 'unknown',
    chain: filters.chain,
    producer: undefined,
    consumers: noTables,
    connections: undefined,
    passThrough: {
      kind: 'pass-through',
      backend: { kind: 'service', weight: 1, destination, endpoints: group.key, group, chain: emptyChain, mirrors: [] },
    },
    authorization,
    authentication,
    telemetry,
    closed: pod.closed ?? filters.failure,
  }
}

/**
 * Keeps what was asked for lately: once a generation is full, the one before it is forgotten, and what is asked for
 * again moves on.
 */
const createCache = () => {
  let young = new Map<string, PodFrontend>()
  let old: ReadonlyMap<string, PodFrontend> = new Map()
  const set = (authority: string, frontend: PodFrontend): void => {
    if (young.size >= CACHED) {
      old = young
      young = new Map()
    }
    young.set(authority, frontend)
  }
  return {
    set,
    get: (authority: string): PodFrontend | undefined => {
      const found = young.get(authority)
      if (found !== undefined) return found
      const older = old.get(authority)
      if (older !== undefined) set(authority, older)
      return older
    },
    values: (): Iterable<PodFrontend> => new Set([...old.values(), ...young.values()]),
  }
}
