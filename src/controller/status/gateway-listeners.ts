import type { KubeCondition } from '../../config/status/kube-status.ts'
import { listAt, textAt, textsAt, valueAt, type LiveObject } from '../manifest.ts'

/** Istio's control plane takes no other port of a waypoint. */
const HBONE_PORT = 15_008

const routeKinds = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'] as const
const GROUP = 'gateway.networking.k8s.io'

/** What there is to say of a listener. */
export interface ListenerVerdict {
  readonly name: string
  readonly isAccepted: boolean
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[]
  /** All but Programmed, which depends on the replicas. */
  readonly conditions: readonly Omit<KubeCondition, 'observedGeneration'>[]
}

/** Judges the listeners of a Gateway: a waypoint has one, HBONE on port 15008. */
export const judgeListeners = (gateway: LiveObject): readonly ListenerVerdict[] => {
  const listeners = listAt(gateway, 'spec', 'listeners')
  const first = listeners.find((listener) => refuse(listener) === undefined)
  return listeners.map((listener) => judge(listener, first))
}

const judge = (listener: unknown, first: unknown): ListenerVerdict => {
  const name = textAt(listener, 'name')
  const kinds = judgeKinds(listener)
  const isSecond = refuse(listener) === undefined && listener !== first
  const refusal = isSecond ? { reason: 'PortUnavailable', message: secondMessage(first) } : refuse(listener)
  return {
    name,
    isAccepted: refusal === undefined,
    supportedKinds: kinds.supported,
    conditions: [
      refusal === undefined
        ? { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'the listener is that of a waypoint' }
        : { type: 'Accepted', status: 'False', ...refusal },
      isSecond
        ? { type: 'Conflicted', status: 'True', reason: 'ProtocolConflict', message: secondMessage(first) }
        : { type: 'Conflicted', status: 'False', reason: 'NoConflicts', message: 'no other listener has its place' },
      kinds.condition,
    ],
  }
}

const secondMessage = (first: unknown): string =>
  `listener ${textAt(first, 'name')} has port ${HBONE_PORT} already: a waypoint has one HBONE listener`

const refuse = (listener: unknown): { readonly reason: string; readonly message: string } | undefined => {
  const protocol = textAt(listener, 'protocol')
  const port = valueAt(listener, 'port')
  if (protocol !== 'HBONE') {
    const message = `protocol ${protocol} is not supported, expected HBONE: a waypoint takes what ztunnels send`
    return { reason: 'UnsupportedProtocol', message }
  }
  if (port !== HBONE_PORT) {
    return { reason: 'PortUnavailable', message: `port ${String(port)} is not supported, expected ${HBONE_PORT}` }
  }
  if (valueAt(listener, 'tls') !== undefined) {
    const message = 'tls is not supported: HBONE has the certificates of the mesh'
    return { reason: 'UnsupportedValue', message }
  }
  return undefined
}

const judgeKinds = (listener: unknown) => {
  const written = listAt(listener, 'allowedRoutes', 'kinds')
  const all = routeKinds.map((kind) => ({ group: GROUP, kind }))
  const found = {
    type: 'ResolvedRefs',
    status: 'True',
    reason: 'ResolvedRefs',
    message: 'all kinds are supported',
  } as const
  if (written.length === 0) return { supported: all, condition: found }
  const isKnown = (one: unknown): boolean =>
    all.some(({ kind }) => kind === textAt(one, 'kind') && (textsAt(one)['group'] ?? GROUP) === GROUP)
  const bad = written.filter((one) => !isKnown(one))
  const supported = all.filter(({ kind }) => written.some((one) => isKnown(one) && textAt(one, 'kind') === kind))
  if (bad.length === 0) return { supported, condition: found }
  const names = bad.map((one) => `${textAt(one, 'group') || GROUP}/${textAt(one, 'kind')}`).join(', ')
  const message = `allowedRoutes.kinds: ${names} cannot attach, expected ${routeKinds.join(', ')}`
  return {
    supported,
    condition: { type: 'ResolvedRefs', status: 'False', reason: 'InvalidRouteKinds', message } as const,
  }
}
