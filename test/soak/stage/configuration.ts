/** The objects of a soak: what stays, and what each reload changes. */
import { ADDED_HEADER } from '../../bench/backend/responder.ts'
import { GRPC_SERVICE, PATH_PREFIX } from '../../bench/proxies/traffic.ts'
import { backend, formatObjects, gateway, NAMESPACE, service } from '../../e2e/support/objects.ts'
import { DENIED_PATH, soakServices } from './workloads.ts'
import type { SoakService } from './workloads.ts'

/** Where the applications listen. */
export const APPLICATION_PORT = 9080
/** The account of all pods. */
export const POD_ACCOUNT = 'backend'
/** Addresses of pods of each Service. */
export const PODS = 6
/** How many of them are in the EndpointSlices at a time. */
const READY = 4
/** Beside those that are asked for; the reloads rewrite a few of them. */
const OTHER_ROUTES = 50

/** The address of the virtual IP of the n-th Service. */
export const vipOf = (index: number): string => `10.96.0.${index + 10}`

/** What the requests of all Services depend on, as of reload `generation`. */
export const formatRoutes = (generation: number): string =>
  formatObjects([
    gateway,
    denial,
    ...soakServices.flatMap((one) => (one.route === undefined ? [] : [routeOf(one, generation)])),
    ...Array.from({ length: OTHER_ROUTES }, (_, i) => otherRoute(i, generation)),
  ])

/** Services, EndpointSlices and Pods as of turn `turn` of the churn; `without` are addresses that must not be there. */
export const formatEndpoints = (
  network: string,
  turn: number,
  isThere: (address: string) => boolean = () => true,
): string =>
  formatObjects(
    soakServices.flatMap((one, index) => {
      const all = podAddresses(network, index)
      // What lasts stays where it is.
      const ready = one.isMoving ? all.filter((_, i) => (i + turn) % PODS < READY) : all.slice(0, 2)
      const there = one.isMoving ? ready.filter(isThere) : ready
      return service({
        name: one.name,
        vip: vipOf(index),
        appProtocol: one.appProtocol,
        endpoints: there.map((address) => ({
          ...{ address, port: APPLICATION_PORT, serviceAccount: POD_ACCOUNT },
          pod: `${one.name}-${all.indexOf(address)}`,
        })),
      })
    }),
  )

/** Of the Service at `index`, in the loopback network `A.B.C`; the last two are those of pods that are restarted. */
export const podAddresses = (network: string, index: number): readonly string[] =>
  Array.from({ length: PODS }, (_, i) => `${network}.${index * PODS + i + 1}`)

/** Whether it is one of those that are restarted. */
export const isRestarted = (network: string, address: string): boolean =>
  (Number(address.slice(network.length + 1)) - 1) % PODS >= READY

const denial = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'denied', namespace: NAMESPACE },
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name: 'denied' }],
    action: 'DENY',
    rules: [{ to: [{ operation: { paths: [`${DENIED_PATH}*`] } }] }],
  },
}

const setHeader = (name: string, generation: number): object => ({ set: [{ name, value: String(generation) }] })

const filtersOf = (generation: number): readonly object[] => [
  { type: 'RequestHeaderModifier', requestHeaderModifier: setHeader(ADDED_HEADER, generation) },
  { type: 'ResponseHeaderModifier', responseHeaderModifier: setHeader('x-soak-generation', generation) },
]

const routeOf = ({ name, route }: SoakService, generation: number): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: route,
  metadata: { name, namespace: NAMESPACE },
  spec: {
    parentRefs: [{ group: '', kind: 'Service', name, port: 80 }],
    rules: [
      {
        matches: [
          route === 'GRPCRoute'
            ? { method: { service: GRPC_SERVICE } }
            : { path: { type: 'PathPrefix', value: PATH_PREFIX } },
        ],
        filters: filtersOf(generation),
        backendRefs: [backend(name)],
      },
    ],
  },
})

const otherRoute = (index: number, generation: number): object => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: `other-${index}`, namespace: NAMESPACE },
  spec: {
    parentRefs: [{ group: '', kind: 'Service', name: 'get', port: 80 }],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: `${PATH_PREFIX}/other-${index}` } }],
        filters: filtersOf(generation % OTHER_ROUTES === index ? generation : 0),
        backendRefs: [backend('get')],
      },
    ],
  },
})
