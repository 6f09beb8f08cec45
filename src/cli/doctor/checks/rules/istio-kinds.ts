import { listAt, textAt, type LiveObject } from '../../../../controller/manifest.ts'
import { keyOfLive, nameOf, namespaceOf, refOf } from '../../look/live.ts'
import { serviceOfHost } from '../../look/hosts.ts'
import { someOf } from '../../look/some-of.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0807' | 'FW0808' | 'FW0809'

/** Kinds that change Envoy by targetRefs. */
const unread = ['EnvoyFilter', 'WasmPlugin', 'TrafficExtension'] as const

export const istioKindsCheck = defineCheck({
  name: 'istio-kinds',
  section: 'rules',
  title: 'nothing is asked of waypoints by kinds that they do not read',
  needs: ['Service', 'Gateway', 'HTTPRoute'],
  codes: {
    FW0807: {
      level: 'warning',
      title: 'A VirtualService of a Service with a waypoint',
      cause:
        'A VirtualService of the mesh names a Service with a waypoint of Fairway, which reads the routes of Gateway API only. The VirtualService has no effect there; clients with sidecars go by it nonetheless. Istio itself calls the outcome undefined where a Service has both.',
      cure: 'Write the rules as an HTTPRoute or GRPCRoute, and delete the VirtualService.',
    },
    FW0808: {
      level: 'warning',
      title: 'An extension of Envoy for a waypoint of Fairway',
      cause:
        'An EnvoyFilter, WasmPlugin or TrafficExtension targets a waypoint of Fairway or a Service behind one. It is no Envoy: the object has no effect.',
      cure: 'Use a Filter of Fairway, or one of its built-in filters; delete the object.',
    },
    FW0809: {
      level: 'warning',
      title: 'A DestinationRule of a Service with a waypoint',
      cause:
        'A DestinationRule names a Service with a waypoint of Fairway, which does not read it: subsets, limits, outlier detection and TLS of it are not in force there.',
      cure: 'Use BackendPolicy for balancing and limits, BackendTLSPolicy for TLS, and a Service for each subset.',
    },
  },
  run: (mesh) => {
    const { waypoints } = mesh.facts
    if (waypoints.length === 0) return skip('no waypoint')
    return found([...virtualServices(mesh), ...extensions(mesh), ...destinationRules(mesh)])
  },
})

const boundKeys = (mesh: Mesh): ReadonlySet<string> => new Set(mesh.facts.services.map(({ key }) => key))

const virtualServices = (mesh: Mesh): readonly Finding<Code>[] => {
  const bound = boundKeys(mesh)
  const routed = routedServices(mesh)
  return mesh.all('VirtualService').flatMap((one): readonly Finding<Code>[] => {
    const gateways = listAt(one, 'spec', 'gateways').map(String)
    if (gateways.length > 0 && !gateways.includes('mesh')) return []
    const hosts = hostsOf(one, mesh).filter((key) => bound.has(key))
    if (hosts.length === 0) return []
    const mixed = hosts.filter((key) => routed.has(key))
    const also = mixed.length === 0 ? '' : `; ${someOf(mixed)} also has routes of Gateway API, which are in force`
    return [finding('FW0807', one, `has no effect on ${someOf(hosts)}${also}`)]
  })
}

/** Services that routes of Gateway API have as their parents. */
const routedServices = (mesh: Mesh): ReadonlySet<string> => {
  const { routes, connectionRoutes } = mesh.facts.catalog
  return new Set(
    [...routes, ...connectionRoutes].flatMap(({ object }) =>
      object.parentRefs
        .filter(({ kind }) => kind === 'Service')
        .map(({ namespace = object.metadata.namespace, name }) => `${namespace}/${name}`),
    ),
  )
}

const hostsOf = (one: LiveObject, mesh: Mesh): readonly string[] =>
  listAt(one, 'spec', 'hosts').flatMap((host) => serviceOfHost(String(host), namespaceOf(one), mesh) ?? [])

const destinationRules = (mesh: Mesh): readonly Finding<Code>[] => {
  const bound = boundKeys(mesh)
  return mesh.all('DestinationRule').flatMap((one): readonly Finding<Code>[] => {
    const key = serviceOfHost(textAt(one, 'spec', 'host'), namespaceOf(one), mesh)
    return key === undefined || !bound.has(key) ? [] : [finding('FW0809', one, `has no effect on ${key}`)]
  })
}

const extensions = (mesh: Mesh): readonly Finding<Code>[] =>
  unread.flatMap(mesh.all).flatMap((one): readonly Finding<Code>[] => {
    const refs = [...listAt(one, 'spec', 'targetRefs'), ...targetRef(one)]
    const ours = refs.flatMap((ref) => ownTarget(mesh, ref, namespaceOf(one)) ?? [])
    return ours.length === 0 ? [] : [finding('FW0808', one, `has no effect on ${someOf(ours)}`)]
  })

const targetRef = ({ spec }: LiveObject): readonly unknown[] =>
  typeof spec === 'object' && spec !== null && 'targetRef' in spec ? [spec.targetRef] : []

const ownTarget = (mesh: Mesh, ref: unknown, namespace: string): string | undefined => {
  const [kind, name] = [textAt(ref, 'kind'), textAt(ref, 'name')]
  const { waypoints, classes, services } = mesh.facts
  const isOurs =
    (kind === 'Gateway' && waypoints.some(({ key }) => key === `${namespace}/${name}`)) ||
    (kind === 'GatewayClass' && classes.some((one) => nameOf(one) === name)) ||
    (kind === 'Service' && services.some(({ key }) => key === `${namespace}/${name}`))
  return isOurs ? `${kind} ${name}` : undefined
}

const finding = (code: Code, one: LiveObject, message: string): Finding<Code> => {
  const object = refOf(one)
  const [name, namespace] = keyOfLive(one).split('/').toReversed()
  return { code, object, message, next: `kubectl get ${object.kind.toLowerCase()} ${name} -n ${namespace} -o yaml` }
}
