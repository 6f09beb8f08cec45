import { listAt, textAt, valueAt, type LiveObject } from '../../../../controller/manifest.ts'
import { keyOfLive, labelsOf, namespaceOf, refOf } from '../../look/live.ts'
import type { BoundService } from '../../mesh/facts.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { serviceOfHost } from '../../look/hosts.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

const LABEL = 'istio.io/ingress-use-waypoint'
/** Controllers whose gateways know the label. */
const KNOWING = /^istio\.io\//

export const ingressCheck = defineCheck({
  name: 'ingress',
  section: 'bypass',
  title: 'ingress gateways go through waypoints',
  needs: ['Service', 'Namespace', 'Gateway', 'HTTPRoute'],
  codes: {
    FW0703: {
      level: 'warning',
      title: 'An ingress gateway goes past the waypoint',
      cause:
        'A route of an ingress gateway leads to a Service with a waypoint, and neither the Service nor its namespace has the label istio.io/ingress-use-waypoint=true. The gateway dials the Pods itself: policies of the waypoint do not hold for requests from outside.',
      cure: 'Label the Service, or its namespace. A gateway that is not Istio’s may not know the label; admit only the waypoint to the Pods then (fairway waypoint apply --enforce).',
    },
  },
  run: (mesh) => {
    const { services } = mesh.facts
    if (services.length === 0) return skip('no Service with a waypoint')
    const bound = new Map(services.map((service) => [service.key, service]))
    const ways = [...routesIn(mesh), ...virtualServicesIn(mesh)]
    const seen = new Set<string>()
    const findings = ways.flatMap(({ route, gateway, service }): readonly Finding<'FW0703'>[] => {
      const target = bound.get(service)
      if (target === undefined || isLabelled(mesh, target) || seen.has(service)) return []
      seen.add(service)
      const object = refOf(target.live)
      const message = `${route} leads to it from ${gateway}, past its waypoint`
      const next = `kubectl label service ${object.name} -n ${object.namespace} ${LABEL}=true`
      return [{ code: 'FW0703', object, message, next }]
    })
    return found(findings)
  },
})

/** A way from an ingress gateway to a Service. */
interface Way {
  readonly route: string
  readonly gateway: string
  /** `NAMESPACE/NAME` */
  readonly service: string
}

const isLabelled = (mesh: Mesh, { live }: BoundService): boolean => {
  const onService = labelsOf(live)[LABEL]
  const onNamespace = labelsOf(mesh.get('Namespace', '', namespaceOf(live)))[LABEL]
  return (onService ?? onNamespace) === 'true'
}

const routesIn = (mesh: Mesh): readonly Way[] =>
  ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'].flatMap(mesh.all).flatMap((route): readonly Way[] => {
    const home = namespaceOf(route)
    const gateway = listAt(route, 'spec', 'parentRefs')
      .filter((ref) => (textAt(ref, 'kind') || 'Gateway') === 'Gateway')
      .map((ref) => `${textAt(ref, 'namespace') || home}/${textAt(ref, 'name')}`)
      .find((key) => isIngress(mesh, key))
    if (gateway === undefined) return []
    const backends = listAt(route, 'spec', 'rules').flatMap((rule) => listAt(rule, 'backendRefs'))
    return backends
      .filter((ref) => (textAt(ref, 'kind') || 'Service') === 'Service' && textAt(ref, 'group') === '')
      .map((ref) => ({
        route: `${textAt(route, 'kind')} ${keyOfLive(route)}`,
        gateway: `Gateway ${gateway}`,
        service: `${textAt(ref, 'namespace') || home}/${textAt(ref, 'name')}`,
      }))
  })

/** A gateway that takes what comes from outside: one of Istio’s without a listener of the mesh. */
const isIngress = (mesh: Mesh, key: string): boolean => {
  const [namespace = '', name = ''] = key.split('/')
  const gateway = mesh.get('Gateway', namespace, name)
  if (gateway === undefined) return false
  const className = textAt(gateway, 'spec', 'gatewayClassName')
  const controller = textAt(mesh.get('GatewayClass', '', className), 'spec', 'controllerName')
  const protocols = listAt(gateway, 'spec', 'listeners').map((one) => textAt(one, 'protocol'))
  return (
    (KNOWING.test(controller) || className === 'istio') &&
    !protocols.some((one) => one === 'HBONE' || one === 'istio.io/PROXY')
  )
}

const virtualServicesIn = (mesh: Mesh): readonly Way[] =>
  mesh.all('VirtualService').flatMap((one: LiveObject): readonly Way[] => {
    const gateways = listAt(one, 'spec', 'gateways')
      .map(String)
      .filter((name) => name !== 'mesh')
    const [gateway] = gateways
    if (gateway === undefined) return []
    const routes = ['http', 'tls', 'tcp'].flatMap((kind) => listAt(one, 'spec', kind))
    return routes
      .flatMap((route) => listAt(route, 'route'))
      .flatMap((to) => serviceOfHost(textAt(valueAt(to, 'destination'), 'host'), namespaceOf(one), mesh) ?? [])
      .map((service) => ({ route: `VirtualService ${keyOfLive(one)}`, gateway: `gateway ${gateway}`, service }))
  })
