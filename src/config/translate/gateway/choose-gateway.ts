import type { Condition } from '../../../model/condition.ts'
import type { TrafficType } from '../../../model/model.ts'
import { nearestWord } from '../../../lib/nearest.ts'
import { hboneListener, isWaypoint, type GatewayObject, type Listener } from '../../objects/gateway.ts'
import type { Catalog, Entry } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import type { TranslateOptions } from '../options.ts'

/** The Gateway that this process is, as far as binding needs to know it. */
export interface ChosenGateway {
  readonly entry: Entry<GatewayObject>
  /** The listener that says which namespaces may use the waypoint; `undefined`: its own only. */
  readonly listener: Listener | undefined
  readonly trafficType: TrafficType
  readonly className: string
  readonly tellsClientIdentity: boolean
}

interface Choice {
  readonly gateway: ChosenGateway | undefined
  readonly conditions: readonly Condition[]
}

/** Classes that istiod makes waypoints of itself: a Gateway of theirs beside another is what is moved away from. */
const istiosClasses: ReadonlySet<string> = new Set(['istio-waypoint', 'istio-agentgateway-waypoint'])
/** Classes of which nothing but waypoints are made. */
const waypointClasses: ReadonlySet<string> = new Set([...istiosClasses, 'fairway-waypoint'])

/** Finds our Gateway: the one that the options name, else the only one with an HBONE listener that is not Istio's own. */
export const chooseGateway = (catalog: Catalog, options: TranslateOptions): Choice => {
  const wanted = options.gateway
  if (wanted !== undefined) {
    const entry = catalog.gateways.get(`${wanted.namespace}/${wanted.name}`)
    return entry === undefined ? { gateway: undefined, conditions: [missing(wanted)] } : accept(entry, catalog)
  }
  const all = [...catalog.gateways.values()].filter((entry) => hboneListener(entry.object) !== undefined)
  const others = all.filter(({ object }) => !istiosClasses.has(object.className))
  const waypoints = others.length > 0 ? others : all
  const [only, second] = waypoints
  const lost = [...catalog.gateways.values()].flatMap((entry) => lostListener(entry) ?? [])
  if (only === undefined) return { gateway: undefined, conditions: lost }
  if (second === undefined) {
    const { gateway, conditions } = accept(only, catalog)
    return { gateway, conditions: [...conditions, ...lost] }
  }
  const message = `${waypoints.length} Gateways have an HBONE listener: say with --gateway NAMESPACE/NAME which one this process is`
  const pending = waypoints.map((entry) =>
    conditionOf(entry, { type: 'Accepted', status: 'Unknown', reason: 'Pending', message }),
  )
  return { gateway: undefined, conditions: [...pending, ...lost] }
}

/** What is to be said of a Gateway that is meant for a waypoint, by its class or by a word close to HBONE, and is none. */
const lostListener = (entry: Entry<GatewayObject>): Condition | undefined => {
  const { className, listeners } = entry.object
  if (isWaypoint(entry.object)) return undefined
  const slip = listeners.findIndex(({ protocol }) => nearestWord(protocol, ['HBONE']) !== undefined)
  const near = listeners[slip]
  if (near === undefined && !waypointClasses.has(className)) return undefined
  const found = near === undefined ? '' : ` (listener ${near.name} has ${JSON.stringify(near.protocol)})`
  const message = `none of its listeners has protocol HBONE${found}: it is no waypoint, and traffic goes past routes and policies`
  const path = near === undefined ? 'spec.listeners' : `spec.listeners[${slip}].protocol`
  return conditionOf(entry, { type: 'Accepted', status: 'False', reason: 'ListenersNotValid', message, path })
}

/** In a cluster nobody makes anything of a Gateway whose class nobody has; from files it is served nevertheless. */
const mistypedClass = (entry: Entry<GatewayObject>, { gatewayClasses }: Catalog): Condition | undefined => {
  const { className } = entry.object
  const known = waypointClasses.union(gatewayClasses)
  const meant = known.has(className) ? undefined : nearestWord(className, known)
  // Whoever has a class besides names it after that: `fairway-waypoint-canary`.
  if (meant === undefined || new RegExp(`(?:^|-)${RegExp.escape(meant)}(?:$|[-0-9])`).test(className)) return undefined
  const message = `spec.gatewayClassName is ${JSON.stringify(className)} (did you mean ${meant}?): files are served all the same, but in a cluster nobody makes a waypoint of it, and traffic goes past routes and policies`
  const verdict = { type: 'Accepted', status: 'Unknown', reason: 'Pending', message } as const
  return conditionOf(entry, { ...verdict, path: 'spec.gatewayClassName' })
}

const missing = (gateway: { readonly namespace: string; readonly name: string }): Condition => ({
  object: { kind: 'Gateway', ...gateway },
  type: 'Accepted',
  status: 'False',
  reason: 'NotFound',
  message: 'the Gateway that this process is meant to be is not among the readable objects: nothing is bound to it',
})

const accept = (entry: Entry<GatewayObject>, catalog: Catalog): Choice => {
  const { className, metadata } = entry.object
  const label = 'istio.io/waypoint-for'
  const written = metadata.labels[label] ?? catalog.gatewayClasses.get(className)?.object.metadata.labels[label]
  const trafficType = decodeTrafficType(written ?? 'service')
  const listener = hboneListener(entry.object)
  const annotation = (name: string): string | undefined =>
    metadata.annotations[name] ?? catalog.gatewayClasses.get(className)?.object.metadata.annotations[name]
  const identity = annotation(CLIENT_IDENTITY)
  const condition =
    trafficType === undefined
      ? conditionOf(entry, {
          type: 'Accepted',
          status: 'False',
          reason: 'UnsupportedValue',
          message: `label ${label} is ${JSON.stringify(written)}, expected service, workload, all or none: nothing is bound`,
          path: `metadata.labels["${label}"]`,
        })
      : (lostListener(entry) ?? mistypedClass(entry, catalog) ?? acceptedCondition(entry, annotation))
  return {
    gateway: {
      entry,
      listener,
      trafficType: trafficType ?? 'none',
      className,
      tellsClientIdentity: identity?.toLowerCase() === 'true',
    },
    conditions: [condition],
  }
}

/** Whether endpoints are told who the client is, in `x-forwarded-client-cert`; as in Istio from 1.30 on, in capitals too. */
const CLIENT_IDENTITY = 'ambient.istio.io/xfcc-include-client-identity'
/** How the ztunnel in front of a waypoint hands on what it has decrypted: `PROXY/15088`. */
const INBOUND_BINDING = 'ambient.istio.io/waypoint-inbound-binding'

/** Of what is not carried out nobody would notice more than that something is missing. */
const acceptedCondition = (
  entry: Entry<GatewayObject>,
  annotation: (name: string) => string | undefined,
): Condition => {
  const [identity, binding] = [annotation(CLIENT_IDENTITY), annotation(INBOUND_BINDING)]
  const isOdd = identity !== undefined && !/^(true|false)$/i.test(identity)
  const isBound = binding !== undefined && !binding.startsWith('NONE')
  const odd = `annotation ${CLIENT_IDENTITY} is ${JSON.stringify(identity)}, expected "true" or "false": endpoints are not told who the client is`
  const bound = `annotation ${INBOUND_BINDING} has no effect: no ztunnel stands before this waypoint, which takes HBONE itself`
  const message = ['this process is the Gateway', ...(isOdd ? [odd] : []), ...(isBound ? [bound] : [])].join('; ')
  const accepted = { type: 'Accepted', status: 'True', reason: 'Accepted', message } as const
  if (!isOdd && !isBound) return conditionOf(entry, accepted)
  return conditionOf(entry, {
    ...accepted,
    path: `metadata.annotations["${isOdd ? CLIENT_IDENTITY : INBOUND_BINDING}"]`,
  })
}

const decodeTrafficType = (text: string): TrafficType | undefined => {
  const types: readonly TrafficType[] = ['service', 'workload', 'all', 'none']
  return types.find((type) => type === text)
}
