import { isWaypoint } from '../../../../config/objects/gateway.ts'
import {
  CANARY,
  CANARY_NAMESPACE,
  claimsOf,
  probablyMeant,
  USE_WAYPOINT,
  USE_WAYPOINT_NAMESPACE,
  type WaypointClaim,
} from '../../../../config/translate/gateway/waypoint-labels.ts'
import type { Metadata } from '../../../../config/objects/metadata.ts'
import { textAt, type LiveObject } from '../../../../controller/manifest.ts'
import { isFault, type Condition } from '../../../../model/condition.ts'
import type { ObjectRef, TrafficType } from '../../../../model/model.ts'
import { conditionAt, labelsOf, refOf } from '../../look/live.ts'
import { someOf } from '../../look/some-of.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { defineCheck, found, type Finding } from '../../check.ts'

type Code = 'FW0601' | 'FW0602' | 'FW0603' | 'FW0604' | 'FW0605'

export const boundCheck = defineCheck({
  name: 'bound',
  section: 'services',
  title: 'what asks for a waypoint has one',
  needs: ['Namespace', 'Service', 'Gateway'],
  codes: {
    FW0601: {
      level: 'error',
      title: 'The waypoint that is asked for is not there',
      cause:
        'The label istio.io/use-waypoint names a Gateway that does not exist: it was deleted, is misspelt, or stands in another namespace. istiod then sends traffic past: routes and policies of these Services are not in force.',
      cure: 'Make the waypoint, correct the label, or take it away. For a Gateway of another namespace istio.io/use-waypoint-namespace is needed as well.',
    },
    FW0602: {
      level: 'error',
      title: 'The waypoint does not take what asks for it',
      cause:
        'A Service, ServiceEntry or Pod asks for a waypoint of ours that does not take it: the HBONE listener does not allow its namespace (allowedRoutes), or the waypoint is for another sort of traffic (istio.io/waypoint-for).',
      cure: 'Change what the message names on the Gateway, or take the label away.',
    },
    FW0603: {
      level: 'error',
      title: 'What is asked for is no waypoint',
      cause:
        'The label istio.io/use-waypoint names a Gateway without an HBONE listener, like an ingress gateway. Connections that ztunnel sends there fail.',
      cure: 'Name a waypoint.',
    },
    FW0604: {
      level: 'warning',
      title: 'istiod has not bound the Service',
      cause:
        'The waypoint would take the Service, and istiod says otherwise in the condition istio.io/WaypointBound. ztunnel does as istiod says: traffic goes past the waypoint.',
      cure: 'Follow what the condition says. If it is old, see whether istiod is ready.',
    },
    FW0605: {
      level: 'warning',
      title: 'A label without effect',
      cause: 'istio.io/use-waypoint-namespace says something only beside istio.io/use-waypoint, on the same object.',
      cure: 'Set both labels, or none.',
    },
  },
  run: (mesh) => {
    const { services, waypoints } = mesh.facts
    const claims = allClaims(mesh)
    const findings = [
      ...judgeClaims(mesh, claims),
      ...refusals(mesh),
      ...services.flatMap(({ live }): readonly Finding<Code>[] => judgeBound(live)),
      ...halves(mesh),
    ]
    const count = `${services.length} ${services.length === 1 ? 'Service' : 'Services'}`
    return found(findings, waypoints.length === 0 ? 'none asks' : count)
  },
})

/** What somebody's own labels ask for. */
interface Claim extends WaypointClaim {
  readonly ref: ObjectRef
}

const claimants = ['Namespace', 'Service', 'ServiceEntry'] as const

const allClaims = (mesh: Mesh): readonly Claim[] =>
  labelled(mesh).flatMap(({ ref, metadata }): readonly Claim[] => {
    const home = ref.kind === 'Namespace' ? ref.name : ref.namespace
    return claimsOf(metadata.labels, home).map((claim) => ({ ref, ...claim }))
  })

interface Labelled {
  readonly ref: ObjectRef
  readonly metadata: Metadata
}

const labelled = (mesh: Mesh): readonly Labelled[] =>
  mesh.facts.objects.flatMap(({ read }) => {
    if (read.state !== 'typed' || !claimants.some((kind) => kind === read.ref.kind)) return []
    return [{ ref: read.ref, metadata: read.object.metadata }]
  })

const judgeClaims = (mesh: Mesh, claims: readonly Claim[]): readonly Finding<Code>[] => {
  const groups = Map.groupBy(claims, ({ gateway }) => `${gateway.namespace}/${gateway.name}`)
  return [...groups].flatMap(([key, all]): readonly Finding<Code>[] => {
    const gateway = mesh.facts.catalog.gateways.get(key)?.object
    const [first] = all
    if (first === undefined) return []
    const others = all.slice(1).map(({ ref }) => `${ref.kind} ${ref.name}`)
    const who = others.length === 0 ? '' : `; so do ${someOf(others)}`
    if (mesh.get('Gateway', first.gateway.namespace, first.gateway.name) === undefined) {
      return [missing(mesh, first, who)]
    }
    if (gateway === undefined || isWaypoint(gateway)) return []
    const message = `asks for Gateway ${key} of class ${gateway.className}, which has no HBONE listener${who}`
    return [{ code: 'FW0603', object: first.ref, message, next: `kubectl get gateways -A` }]
  })
}

/** Most often it is misspelt, or stands elsewhere; else it has to be made. */
const missing = (mesh: Mesh, { ref, gateway: { namespace, name }, role }: Claim, who: string): Finding<Code> => {
  // Its share goes to the other waypoint as long as it is not there.
  const isCanary = role === 'canary'
  const label = `kubectl label ${ref.kind.toLowerCase()} ${ref.name}${ref.namespace === '' ? '' : ` -n ${ref.namespace}`} --overwrite`
  const meant = probablyMeant({ namespace, name }, mesh.all('Gateway').map(refOf))
  const [guess, next] =
    meant === undefined
      ? ['', `fairway waypoint apply -n ${namespace} --name ${name}`]
      : meant.kind === 'elsewhere'
        ? [
            `; there is one in namespace ${meant.ref.namespace}`,
            `${label} ${isCanary ? CANARY_NAMESPACE : USE_WAYPOINT_NAMESPACE}=${meant.ref.namespace}`,
          ]
        : [`; did you mean ${meant.ref.name}?`, `${label} ${isCanary ? CANARY : USE_WAYPOINT}=${meant.ref.name}`]
  const effect = isCanary ? 'it gets no share' : 'traffic goes past routes and policies'
  const what = isCanary ? 'canary waypoint' : 'waypoint'
  const message = `asks for ${what} ${namespace}/${name}, which is not there: ${effect}${guess}${who}`
  return { code: 'FW0601', object: ref, message, next }
}

const bindable: ReadonlySet<string> = new Set(['Service', 'ServiceEntry', 'Pod'])
/** What cannot be read is told of as such; of waypoints that nobody is FW0601 and FW0603 tell. */
const toldOtherwise: ReadonlySet<string> = new Set(['Invalid', 'NotFound', 'NoMatchingParent'])

/** What each of our Gateways says of what asks for it. */
const refusals = (mesh: Mesh): readonly Finding<Code>[] =>
  mesh.facts.waypoints.flatMap(({ key, translation }) =>
    translation.conditions
      .filter(
        (condition) =>
          bindable.has(condition.object.kind) &&
          condition.type === 'Accepted' &&
          isFault(condition) &&
          !toldOtherwise.has(condition.reason) &&
          !isMeantForOthers(mesh, condition, translation.model.trafficType),
      )
      .map(({ object, reason, message }): Finding<Code> => {
        const [namespace, name] = key.split('/')
        const next = `kubectl get gateway ${name} -n ${namespace} -o yaml`
        return { code: 'FW0602', object, message: `asks for waypoint ${key}: ${reason}: ${message}`, next }
      }),
  )

/** A Namespace's label asks for whatever in it the waypoint takes: workloads only, say, and never an ExternalName. */
const isMeantForOthers = (mesh: Mesh, { object, reason }: Condition, trafficType: TrafficType): boolean => {
  const { kind, namespace, name } = object
  if (labelsOf(mesh.get(kind, namespace, name))[USE_WAYPOINT] !== undefined) return false
  const takesServices = trafficType === 'service' || trafficType === 'all'
  return reason === 'UnsupportedValue' || (kind !== 'Pod' && !takesServices)
}

const judgeBound = (live: LiveObject): readonly Finding<Code>[] => {
  const bound = conditionAt(live, 'istio.io/WaypointBound')
  if (bound === undefined || textAt(bound, 'status') === 'True') return []
  const object = refOf(live)
  const message = `istiod does not bind it: ${textAt(bound, 'reason')}: ${textAt(bound, 'message')}`
  return [
    { code: 'FW0604', object, message, next: `kubectl get service ${object.name} -n ${object.namespace} -o yaml` },
  ]
}

const halves = (mesh: Mesh): readonly Finding<Code>[] =>
  labelled(mesh)
    .filter(
      ({ metadata: { labels } }) => labels[USE_WAYPOINT_NAMESPACE] !== undefined && labels[USE_WAYPOINT] === undefined,
    )
    .map(({ ref, metadata }) => ({
      code: 'FW0605',
      object: ref,
      message: `has ${USE_WAYPOINT_NAMESPACE}=${metadata.labels[USE_WAYPOINT_NAMESPACE] ?? ''} without ${USE_WAYPOINT}`,
      next: `kubectl label ${ref.kind.toLowerCase()} ${ref.name}${ref.namespace === '' ? '' : ` -n ${ref.namespace}`} ${USE_WAYPOINT_NAMESPACE}-`,
    }))
