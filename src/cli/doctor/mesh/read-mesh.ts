/** Reads a cluster for `fairway doctor`: once, no more than is looked at, and as far as the account may. */
import { createOurCrds } from '../../../config/crds/our-crds.ts'
import { inParallel } from '../../../controller/pass/in-parallel.ts'
import { textAt } from '../../../controller/manifest.ts'
import type { KubeClient } from '../../../kube/client.ts'
import { kubeResources, type KubeResource } from '../../../kube/resources.ts'
import type { Clock } from '../../../lib/clock.ts'
import { apiError, demand } from '../../cluster/api-error.ts'
import { getObjects, joinReadings, listObjects, type ListerOptions } from './lister.ts'
import { createMesh, type Mesh } from './mesh.ts'
import type { MeshSettings } from './mesh-input.ts'
import { askedGroups, chooseVersion, readKinds, type ReadKind } from './read-kinds.ts'
import { readInstead } from './read-instead.ts'
import { furtherPods, referredNamespaces, waypointNamespaces, wantedConfigMaps, wantedPods } from './read-later.ts'
import type { Reading } from './reading.ts'
import type { ServerFacts, UserRight } from './server-facts.ts'

export interface ReadMeshOptions {
  readonly client: KubeClient
  readonly clock: Clock
  /** Namespaces that are asked about; `undefined`: all. */
  readonly scope: readonly string[] | undefined
  readonly settings: MeshSettings
  readonly signal: AbortSignal
  /** So many objects of a kind are read; default 20,000. */
  readonly most?: number
}

/** Questions under way at a time. */
const PARALLEL = 8

/** Throws `CliError` when the server cannot be asked at all; what it refuses is part of the mesh. */
export const readMesh = async (options: ReadMeshOptions): Promise<Mesh> => {
  const { client, clock, scope, settings, signal, most } = options
  const server = await askServer(options)
  const kinds = await discoverKinds(client, signal)
  const readings = new Map<string, Reading>()
  const lister: ListerOptions = { client, signal, ...(most === undefined ? {} : { most }) }
  const add = (key: string, reading: Reading): void => void readings.set(key, joinReadings(readings.get(key), reading))
  const read = (
    wanted: readonly ReadKind[],
    places: readonly string[] | undefined,
    accept: (reading: Reading) => Reading = asItIs,
  ): Promise<void> =>
    inParallel(wanted, { limit: PARALLEL, signal }, async (kind) => {
      const resource = resourceOf(kind, kinds)
      if (resource === undefined) return void readings.set(kind.kind, { state: 'absent' })
      if (places?.length === 0) return
      const namespaces = places === undefined ? [{}] : places.map((namespace) => ({ namespace }))
      const selections = namespaces.flatMap((place) => kind.selections.map((selection) => ({ ...place, ...selection })))
      add(kind.kind, accept(await listObjects(resource, selections, lister)))
    })
  const meshOf = (): Mesh => {
    const served = new Map([...kinds].map(([key, found]) => [key, found.map(({ version }) => version)]))
    const nowMs = clock.nowMs() + (server.skewMs ?? 0)
    return createMesh({ server, readings, served, nowMs, scope, settings })
  }
  await read(sharedKinds, undefined)
  if (scope !== undefined) await readInstead(readings, scope, { ...lister, resource: resourceOf(gatewayKind, kinds) })
  await read(scopedKinds, scope)
  const root = settings.istioNamespace
  if (scope !== undefined) {
    const meshMap = [{ namespace: root, name: 'istio' }]
    add('ConfigMap', forget(await getObjects(kubeResources.ConfigMap, meshMap, lister)))
    const waypoints = waypointNamespaces(meshOf(), scope)
    await read(scopedKinds, waypoints, tolerate)
    const known = [...scope, ...waypoints]
    await read(backendKinds, referredNamespaces(meshOf(), known), tolerate)
    if (!known.includes(root)) await read(rootKinds, [root], tolerate)
  }
  const mesh = meshOf()
  const names = createOurCrds().map((crd) => ({ name: textAt(crd, 'metadata', 'name') }))
  const later: readonly (readonly [string, () => Promise<Reading>])[] = [
    ['IstiodService', () => listObjects(kubeResources.Service, [{ namespace: root }], lister)],
    [
      'CustomResourceDefinition',
      () => getObjects(kubeResources.CustomResourceDefinition, [...names, ...versionedDefinitions], lister),
    ],
    ['ConfigMap', () => getObjects(kubeResources.ConfigMap, wantedConfigMaps(mesh), lister)],
    ['Pod', () => listObjects(kubeResources.Pod, wantedPods(mesh), lister)],
    ...furtherPods(mesh).map(
      (one) => ['Pod', async () => forget(await listObjects(kubeResources.Pod, [one], lister))] as const,
    ),
  ]
  await inParallel(later, { limit: PARALLEL, signal }, async ([key, ask]) => add(key, await ask()))
  return meshOf()
}

const sharedKinds = readKinds.filter(({ place }) => place === 'shared')
const scopedKinds = readKinds.filter(({ place }) => place === 'scoped')
/** What routes and policies lead to. */
const backendKinds = readKinds.filter(({ kind }) => kind === 'Service' || kind === 'ServiceEntry')
/** Policies of the whole mesh. */
const rootKinds = readKinds.filter(({ group }) => group === 'security.istio.io')
const gatewayKind = { kind: 'Gateway', group: 'gateway.networking.k8s.io' }

/** Those of Gateway API that say which release they are of. */
const versionedDefinitions = [
  'gatewayclasses',
  'gateways',
  'httproutes',
  'grpcroutes',
  'referencegrants',
  'tcproutes',
  'tlsroutes',
  'backendtlspolicies',
].map((plural) => ({ name: `${plural}.gateway.networking.k8s.io` }))

const asItIs = (reading: Reading): Reading => reading

/** What checks can do without, as long as they say so. */
const tolerate = (reading: Reading): Reading =>
  reading.state === 'refused'
    ? { state: 'read', objects: reading.objects, unseen: reading.right ?? reading.why }
    : reading

/** What checks can do without. */
const forget = (reading: Reading): Reading =>
  reading.state === 'refused' ? { state: 'read', objects: reading.objects } : reading

/** Kubernetes' own kinds are where they always are. */
const ownResources: ReadonlyMap<string, KubeResource> = new Map(Object.entries<KubeResource>(kubeResources))

const resourceOf = (
  { kind, group }: Pick<ReadKind, 'kind' | 'group'>,
  kinds: ReadonlyMap<string, readonly KubeResource[]>,
): KubeResource | undefined => {
  const own = ownResources.get(kind)
  if (own !== undefined && !askedGroups.includes(group)) return own
  const found = kinds.get(`${kind}.${group}`) ?? []
  const version = chooseVersion(
    kind,
    found.map((one) => one.version),
  )
  return found.find((one) => one.version === version)
}
/** An answer that took longer says nothing of clocks. */
const LATE_MS = 5000

const askServer = async ({ client, clock, scope, signal }: ReadMeshOptions): Promise<ServerFacts> => {
  const [beforeMs, startedAtMs] = [clock.nowMs(), clock.monotonicMs()]
  const { version, dateMs } = demand(await client.server(signal), 'ask the API server for its version')
  const tookMs = clock.monotonicMs() - startedAtMs
  // Half a second is what a date without fractions leaves out on average.
  const skewMs = dateMs === undefined || tookMs > LATE_MS ? undefined : dateMs + 500 - (beforeMs + tookMs / 2)
  return { url: client.connection.server, version, skewMs, rights: await askRights(client, scope, signal) }
}

const wantedRights: readonly (readonly [kind: 'Gateway' | 'Namespace', purpose: string])[] = [
  ['Gateway', 'fairway waypoint apply'],
  ['Namespace', 'fairway waypoint apply --enroll-namespace'],
]

const askRights = async (
  client: KubeClient,
  scope: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<readonly UserRight[]> => {
  const rights = await Promise.all(
    wantedRights.map(async ([kind, purpose]): Promise<readonly UserRight[]> => {
      const { group, plural, isNamespaced } = kubeResources[kind]
      const [namespace = ''] = isNamespaced ? (scope ?? []) : []
      const name = isNamespaced ? '' : (scope?.[0] ?? '')
      const resourceAttributes = { verb: 'patch', group, resource: plural, namespace, name }
      const review = await client.create(
        kubeResources.SelfSubjectAccessReview,
        { metadata: { name: '' }, spec: { resourceAttributes } },
        { fieldManager: 'fairway', signal },
      )
      if (!review.ok) return []
      const status = review.value['status']
      const isGiven = typeof status === 'object' && status !== null && 'allowed' in status && status.allowed === true
      const full = `${plural}${group === '' ? '' : `.${group}`}`
      return [{ right: `patch ${full}${namespace === '' ? '' : ` in the namespace ${namespace}`}`, purpose, isGiven }]
    }),
  )
  return rights.flat()
}

/** What the server has, by `KIND.GROUP`; a group that cannot be asked for is one that it has not. */
const discoverKinds = async (
  client: KubeClient,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly KubeResource[]>> => {
  const kinds = new Map<string, readonly KubeResource[]>()
  await inParallel(askedGroups, { limit: PARALLEL, signal }, async (group) => {
    const found = await client.served(group, 'all', signal)
    // An aggregated API that is down is not there for anybody.
    if (!found.ok && (found.failure.status === undefined || found.failure.status === 401)) {
      throw apiError(found.failure, `ask the API server which kinds it has of ${group}`)
    }
    for (const { resource } of found.ok ? found.value : []) {
      const key = `${resource.kind}.${group}`
      kinds.set(key, [...(kinds.get(key) ?? []), resource])
    }
  })
  return kinds
}
