/** As much as a large namespace has in it, for what is measured of a waypoint there. */
import { kubeResources } from '../../../src/kube/resources.ts'
import { NAMESPACE } from '../../e2e/support/objects.ts'
import type { JsonObject } from '../../support/kube/stand-in/json.ts'
import { pathOf } from './cluster.ts'

/** How much of each. */
export interface Scale {
  readonly services: number
  readonly routes: number
  /** Of each Service, in one EndpointSlice. */
  readonly endpoints: number
}

/** An object, and where such are made. */
export interface Placed {
  readonly collection: string
  readonly body: JsonObject
}

/** Of Service number `index`. */
export const scaleVip = (index: number): string => `10.96.${100 + Math.floor(index / 250)}.${1 + (index % 250)}`

const scaleService = (index: number): Placed => ({
  collection: pathOf(kubeResources.Service, NAMESPACE),
  body: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `s${index}`, labels: { app: `s${index}`, 'istio.io/use-waypoint': 'waypoint' } },
    spec: {
      clusterIP: scaleVip(index),
      clusterIPs: [scaleVip(index)],
      selector: { app: `s${index}` },
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP', appProtocol: 'http' }],
    },
  },
})

/** The EndpointSlice of Service number `index`; those of another `version` stand at other places. */
export const scaleSlice = (index: number, endpoints: number, version = 0): Placed => ({
  collection: pathOf(kubeResources.EndpointSlice, NAMESPACE),
  body: {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `s${index}-x`, labels: { 'kubernetes.io/service-name': `s${index}` } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: Array.from({ length: endpoints }, (_, i) => {
      const at = index * endpoints + i
      // Without a `targetRef`: nobody makes Pods here, and what names one that is not there gets nothing.
      return {
        addresses: [`10.${128 + (version % 64)}.${at >> 8}.${at & 255}`],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: `node-${at % 50}`,
      }
    }),
  },
})

/** HTTPRoute number `index`, on Service `index % services`; with a mark it answers by itself, sending there. */
export const scaleRoute = (index: number, { services }: Pick<Scale, 'services'>, mark?: string): Placed => {
  const name = `s${index % services}`
  const matches = [{ path: { type: 'PathPrefix', value: `/r${index}` } }]
  const answer = { type: 'RequestRedirect', requestRedirect: { hostname: `${mark}.example.com` } }
  const rule = mark === undefined ? { matches, backendRefs: [{ name, port: 80 }] } : { matches, filters: [answer] }
  return {
    collection: pathOf(kubeResources.HTTPRoute, NAMESPACE),
    body: {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: `r${index}`, namespace: NAMESPACE },
      spec: { parentRefs: [{ group: '', kind: 'Service', name, port: 80 }], rules: [rule] },
    },
  }
}

/** All of them. */
export const scaleObjects = (scale: Scale): readonly Placed[] => [
  ...Array.from({ length: scale.services }, (_, i) => scaleService(i)),
  ...Array.from({ length: scale.services }, (_, i) => scaleSlice(i, scale.endpoints)),
  ...Array.from({ length: scale.routes }, (_, i) => scaleRoute(i, scale)),
]
