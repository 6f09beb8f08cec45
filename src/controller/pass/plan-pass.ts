/**
 * One look at all that is there, and all that follows from it: what to write. It writes nothing itself, and keeps nothing
 * but what makes the next look cheaper.
 */
import { CONTROLLER_NAME, statusShapeOf, type KubeStatus } from '../../config/status/kube-status.ts'
import type { SourcedObject } from '../../config/translate/options.ts'
import type { Translation } from '../../config/translate/translate.ts'
import { conditionsInForce, type SaidByGateway } from '../conditions/in-force.ts'
import { createOwnership, type OwnGateway } from '../conditions/ownership.ts'
import { gatherStatuses } from '../conditions/gather-conditions.ts'
import type { TranslateGateways } from '../conditions/translate-gateways.ts'
import type { ConfigMapKey } from '../desired/parameters/parameter-refs.ts'
import { objectKeyOf } from '../desired/plan-gateway.ts'
import { textAt, type LiveObject } from '../manifest.ts'
import { findLeftovers, type Leftover } from '../reconcile/reconcile.ts'
import { readyReplicas } from '../status/ready-replicas.ts'
import { toldBy } from '../status/told.ts'
import type { ClusterView } from '../watch/cluster-watch.ts'
import { conditionsAt, nextEndOf } from '../../model/condition.ts'

/** What the plan is made of. */
export interface PassInput {
  readonly view: ClusterView
  /** Those that are known. */
  readonly configMaps: readonly SourcedObject[]
  /** Whether all that policies refer to is known. */
  readonly hasCertificates: boolean
  readonly translate: TranslateGateways
  readonly rootNamespace: string
  readonly nowMs: number
}

/** A status to be written of an object. */
export interface StatusWork {
  /** `KIND/NAMESPACE/NAME` */
  readonly key: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly wanted: KubeStatus
  /** What it will have been told then. */
  readonly told: string
}

/** A Gateway of ours, and what is known of it. */
export interface OwnedGateway {
  readonly gateway: LiveObject
  readonly gatewayClass: LiveObject
  readonly translation: Translation | undefined
}

/** What follows from what is there. */
export interface Plan {
  /** Ours. */
  readonly gatewayClasses: readonly LiveObject[]
  readonly gateways: readonly OwnedGateway[]
  /** Whether objects of the Gateway with this `uid` may stay. */
  readonly isAlive: (uid: string) => boolean
  readonly leftovers: readonly Leftover[]
  /** Whether it is certain that a class is not ours. */
  readonly isOfOthers: (className: string) => boolean
  readonly statuses: readonly StatusWork[]
  /** When what is said of an object changes by itself. */
  readonly nextEndMs: number | undefined
}

/** Makes the plan. */
export const planPass = ({ view, configMaps, hasCertificates, translate, rootNamespace, nowMs }: PassInput): Plan => {
  const gatewayClasses = view.gatewayClasses.filter((one) => textAt(one, 'spec', 'controllerName') === CONTROLLER_NAME)
  const classes = new Map(gatewayClasses.map((one) => [textAt(one, 'metadata', 'name'), one]))
  const own = view.gateways.flatMap((gateway) => {
    const gatewayClass = classes.get(textAt(gateway, 'spec', 'gatewayClassName'))
    return gatewayClass === undefined ? [] : [{ gateway, gatewayClass }]
  })
  const objects = [...view.objects, ...configMaps]
  const refs = own.map(({ gateway }): OwnGateway => ({
    key: gatewayKey(gateway),
    className: textAt(gateway, 'spec', 'gatewayClassName'),
  }))
  const ownership = createOwnership(objects, refs, rootNamespace)
  const translations = translate(objects, refs, ownership)
  const lasting = conditionsInForce(
    own.flatMap(({ gateway }) => {
      const translation = translations.get(gatewayKey(gateway))
      return translation === undefined ? [] : [sayOf(gateway, translation, view)]
    }),
  )
  const conditions = conditionsAt(lasting, nowMs)
  const alive = aliveGateways(view, classes)
  return {
    gatewayClasses,
    gateways: own.map((one) => ({ ...one, translation: translations.get(gatewayKey(one.gateway)) })),
    isAlive: (uid) => alive.has(uid),
    leftovers: findLeftovers(view.owned, (uid) => alive.has(uid)),
    isOfOthers: (className) => !classes.has(className) && view.gatewayClasses.some((one) => nameOf(one) === className),
    statuses: planStatuses(gatherStatuses(conditions, objects, ownership), view, hasCertificates),
    nextEndMs: nextEndOf(lasting, nowMs),
  }
}

const sayOf = (gateway: LiveObject, { conditions }: Translation, { owned }: ClusterView): SaidByGateway => {
  const isServed = readyReplicas(owned, objectKeyOf(gateway), textAt(gateway, 'metadata', 'uid')) > 0
  return { gateway: gatewayKey(gateway), conditions, isServed }
}

const nameOf = (object: LiveObject): string => textAt(object, 'metadata', 'name')

/** `NAMESPACE/NAME` */
export const gatewayKey = (gateway: LiveObject): string =>
  `${textAt(gateway, 'metadata', 'namespace')}/${textAt(gateway, 'metadata', 'name')}`

/** Of a class that is gone nobody can say whose its Gateways are: what they have stays. */
const aliveGateways = (view: ClusterView, own: ReadonlyMap<string, LiveObject>): ReadonlySet<string> => {
  const names = new Set(view.gatewayClasses.map((one) => textAt(one, 'metadata', 'name')))
  return new Set(
    view.gateways.flatMap((gateway) => {
      const className = textAt(gateway, 'spec', 'gatewayClassName')
      return own.has(className) || !names.has(className) ? [textAt(gateway, 'metadata', 'uid')] : []
    }),
  )
}

const planStatuses = (
  statuses: ReadonlyMap<string, KubeStatus>,
  { told }: ClusterView,
  hasCertificates: boolean,
): readonly StatusWork[] => {
  const works: StatusWork[] = []
  const plan = (key: string, wanted: KubeStatus): void => {
    const [kind = '', namespace = '', name = ''] = key.split('/')
    if (kind === 'BackendTLSPolicy' && !hasCertificates) return
    const after = toldBy(kind, namespace, wanted)
    if (told.get(key) !== undefined && told.get(key) !== after)
      works.push({ key, kind, namespace, name, wanted, told: after })
  }
  for (const [key, wanted] of statuses) plan(key, wanted)
  for (const [key, said] of told) {
    const [kind = ''] = key.split('/')
    if (said === '' || statuses.has(key) || ownStatus.has(kind)) continue
    plan(key, nothing[statusShapeOf(kind)])
  }
  return works
}

/** Kinds whose statuses are made elsewhere. */
const ownStatus: ReadonlySet<string> = new Set(['Gateway', 'GatewayClass', 'XMesh'])

/** What is said of an object that we no longer have to do with. */
const nothing: Readonly<Record<'parents' | 'ancestors' | 'conditions', KubeStatus>> = {
  parents: { parents: [] },
  ancestors: { ancestors: [], conditions: [] },
  conditions: { conditions: [] },
}

/** The ConfigMaps with certificates that policies refer to. */
export const certificateKeys = (objects: readonly SourcedObject[]): ReadonlySet<ConfigMapKey> =>
  new Set(
    objects.flatMap(({ read }) => {
      if (read.state !== 'typed' || read.object.kind !== 'BackendTLSPolicy') return []
      const ca = read.object.validation?.ca
      if (ca === undefined || ca === 'System') return []
      return ca
        .filter(({ kind, group }) => kind === 'ConfigMap' && group === '')
        .map(({ name }) => `${read.ref.namespace}/${name}`)
    }),
  )
