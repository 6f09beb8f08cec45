import { formatSpiffeId } from '../../../../model/identity.ts'
import { textAt } from '../../../../controller/manifest.ts'
import { controllerPlaces } from '../../look/controller-place.ts'
import { distinctPods } from '../../look/traffic/distinct-pods.ts'
import { judge, l4Policies, policiesFor, type L4Policy } from '../../look/traffic/l4-policies.ts'
import { nameOf, refOf } from '../../look/live.ts'
import { outsideNamespaces } from '../../look/namespaces.ts'
import { takesPlaintext } from '../../look/traffic/peer-authentication.ts'
import { isCaptured } from '../../look/pods.ts'
import { targetPortsOf } from '../../look/service-ports.ts'
import { someOf } from '../../look/some-of.ts'
import type { BoundService, Waypoint } from '../../mesh/facts.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0704' | 'FW0705' | 'FW0706' | 'FW0707'

export const enforcementCheck = defineCheck({
  name: 'enforcement',
  section: 'bypass',
  title: 'Pods take requests from their waypoint, and from nobody else',
  needs: ['Service', 'Pod', 'Gateway', 'AuthorizationPolicy', 'PeerAuthentication', 'Namespace'],
  codes: {
    FW0704: {
      level: 'warning',
      title: 'Policies of a waypoint can be walked past',
      cause:
        'A Service has policies that its waypoint enforces, and its Pods take connections of others as well: whoever dials a Pod by its address is not asked. ztunnel does not require that anything comes through a waypoint.',
      cure: 'Admit only the waypoint’s identity to the Pods, by an AuthorizationPolicy with a selector: fairway waypoint apply --enforce writes it.',
    },
    FW0705: {
      level: 'info',
      title: 'Pods behind a waypoint can be dialled by others',
      cause:
        'Nothing keeps clients from dialling the Pods behind a waypoint by their addresses. No policy of the waypoint is lost by it, since there is none; routes and limits do not hold for such clients.',
      cure: 'fairway waypoint apply --enforce, when policies are to follow.',
    },
    FW0706: {
      level: 'error',
      title: 'ztunnel refuses the waypoint',
      cause:
        'An AuthorizationPolicy that chooses the Pods by their labels, or all of their namespace, does not admit the waypoint’s identity. ztunnel sees the waypoint as the client of everything that comes through it: all of it is refused.',
      cure: 'Admit the waypoint’s principal there; rules about clients belong into a policy with targetRefs, which the waypoint enforces.',
    },
    FW0707: {
      level: 'warning',
      title: 'Clients outside of the mesh walk past policies',
      cause:
        'A Service has policies that its waypoint enforces, its Pods take plaintext, and there are namespaces that are not in ambient mode. What comes from there is carried by no ztunnel, and so through no waypoint.',
      cure: 'Ask for mutual TLS (PeerAuthentication with mode STRICT), or admit only the waypoint’s identity (fairway waypoint apply --enforce).',
    },
  },
  run: (mesh) => {
    const { waypoints } = mesh.facts
    if (waypoints.every(({ services }) => services.length === 0)) return skip('no Service with a waypoint')
    const policies = l4Policies(mesh)
    return found(waypoints.flatMap((waypoint) => judgeWaypoint(mesh, waypoint, policies)))
  },
})

const judgeWaypoint = (mesh: Mesh, waypoint: Waypoint, policies: readonly L4Policy[]): readonly Finding<Code>[] => {
  // What runs there besides Kubernetes' own is ours.
  const own = new Set(controllerPlaces(mesh).map(({ namespace }) => namespace))
  const outside = outsideNamespaces(mesh)
    .map(nameOf)
    .filter((name) => !own.has(name))
  const open: string[] = []
  const findings = waypoint.services.flatMap((service): readonly Finding<Code>[] => {
    const verdict = judgeService(mesh, { service, waypoint, policies })
    if (verdict === undefined) return []
    const object = refOf(service.live)
    const all: Finding<Code>[] = []
    if (verdict.refusedBy.length > 0) {
      const message = `ztunnel refuses waypoint ${waypoint.key} at its Pods, by AuthorizationPolicy ${someOf(verdict.refusedBy)}`
      const [namespace = '', name = ''] = (verdict.refusedBy[0] ?? '').split('/')
      const next = `kubectl get authorizationpolicy ${name} -n ${namespace} -o yaml`
      all.push({ code: 'FW0706', object, message, next })
    }
    const guards = guardsOf(waypoint, service)
    const next = `fairway waypoint apply -n ${waypoint.plan.namespace} --name ${waypoint.plan.name} --enforce`
    if (verdict.isOpen && guards.length === 0) open.push(service.key)
    if (verdict.isOpen && guards.length > 0) {
      const message = `whoever dials its Pods by their addresses walks past ${someOf(guards)}`
      all.push({ code: 'FW0704', object, message, next })
    }
    if (verdict.takesPlaintext && guards.length > 0 && outside.length > 0) {
      const message = `its Pods take plaintext: clients in ${someOf(outside)}, outside of the mesh, walk past ${someOf(guards)}`
      all.push({ code: 'FW0707', object, message, next })
    }
    return all
  })
  if (open.length === 0) return findings
  const message = `the Pods of ${someOf(open)} can be dialled past it`
  const next = `fairway waypoint apply -n ${waypoint.plan.namespace} --name ${waypoint.plan.name} --enforce`
  return [...findings, { code: 'FW0705', object: refOf(waypoint.gateway), message, next }]
}

/** What the waypoint would enforce for a Service: its policies, which others than clients of the waypoint never meet. */
const guardsOf = ({ translation }: Waypoint, { key }: BoundService): readonly string[] => {
  const service = translation.model.services.find((one) => one.key === key)
  return [
    ...(service?.authorizations ?? []).map((one) => `AuthorizationPolicy ${one}`),
    ...(service?.authentications ?? []).map((one) => `RequestAuthentication ${one}`),
  ]
}

interface ServiceVerdict {
  /** Somebody else in the mesh may come. */
  readonly isOpen: boolean
  readonly takesPlaintext: boolean
  readonly refusedBy: readonly string[]
}

interface Judging {
  readonly service: BoundService
  readonly waypoint: Waypoint
  readonly policies: readonly L4Policy[]
}

/** Of its Pods the one that is worst off; `undefined` where there is none in the mesh. */
const judgeService = (mesh: Mesh, { service, waypoint, policies }: Judging): ServiceVerdict | undefined => {
  const { options } = mesh.facts
  const { trustDomain } = options
  const { namespace, serviceAccount } = waypoint.plan
  const us = formatSpiffeId({ trustDomain, namespace, serviceAccount })
  // An identity that nobody has: whoever admits it admits everybody.
  const stranger = formatSpiffeId({ trustDomain, namespace: 'nobody', serviceAccount: 'nobody-in-particular' })
  const [address = ''] = waypoint.pods.map((pod) => textAt(pod, 'status', 'podIP'))
  const verdicts = distinctPods(service.pods.filter(isCaptured)).flatMap((pod) => {
    const own = policiesFor(policies, pod, options.rootNamespace)
    return targetPortsOf(service.object, pod).map((port) => {
      const ours = judge(own, { principal: us, address }, port)
      const plain = judge(own, {}, port).kind === 'allowed' && takesPlaintext(mesh, pod, port)
      return {
        isOpen: judge(own, { principal: stranger }, port).kind === 'allowed',
        takesPlaintext: plain,
        refusedBy: ours.kind === 'denied' ? ours.by : [],
      }
    })
  })
  if (verdicts.length === 0) return undefined
  return {
    isOpen: verdicts.some(({ isOpen }) => isOpen),
    takesPlaintext: verdicts.some((one) => one.takesPlaintext),
    refusedBy: [...new Set(verdicts.flatMap(({ refusedBy }) => refusedBy))],
  }
}
