/** All checks of `fairway doctor`, in the order of the report, and all codes that they give. */
import { enforcementCheck } from './checks/bypass/enforcement.ts'
import { ingressCheck } from './checks/bypass/ingress.ts'
import { sidecarsCheck } from './checks/bypass/sidecars.ts'
import { clockCheck } from './checks/cluster/clock.ts'
import { gatewayApiCheck } from './checks/cluster/gateway-api.ts'
import { kubernetesVersionCheck } from './checks/cluster/kubernetes-version.ts'
import { ownKindsCheck } from './checks/cluster/own-kinds.ts'
import { userRightsCheck } from './checks/cluster/user-rights.ts'
import { controllerRightsCheck } from './checks/fairway/controller-rights.ts'
import { controllerCheck } from './checks/fairway/controller.ts'
import { gatewayClassCheck } from './checks/fairway/gateway-class.ts'
import { versionsCheck } from './checks/fairway/versions.ts'
import { waypointRightsCheck } from './checks/fairway/waypoint-rights.ts'
import { captureCheck } from './checks/istio/capture.ts'
import { identityCheck } from './checks/istio/identity.ts'
import { istiodCheck } from './checks/istio/istiod.ts'
import { meshConfigCheck } from './checks/istio/mesh-config.ts'
import { nodeAgentsCheck } from './checks/istio/node-agents.ts'
import { rootsCheck } from './checks/istio/roots.ts'
import { capturedCheck } from './checks/namespaces/captured.ts'
import { enrolledCheck } from './checks/namespaces/enrolled.ts'
import { probesCheck } from './checks/network/probes.ts'
import { waypointTrafficCheck } from './checks/network/waypoint-traffic.ts'
import { conditionsCheck } from './checks/rules/conditions.ts'
import { istioKindsCheck } from './checks/rules/istio-kinds.ts'
import { reachCheck } from './checks/rules/reach.ts'
import { boundCheck } from './checks/services/bound.ts'
import { endpointsCheck } from './checks/services/endpoints.ts'
import { protocolsCheck } from './checks/services/protocols.ts'
import { gatewaysCheck } from './checks/waypoints/gateways.ts'
import { replicasCheck } from './checks/waypoints/replicas.ts'
import { scalingCheck } from './checks/waypoints/scaling.ts'
import type { Check, CodeEntry } from './check.ts'

/** In the order of the report. */
export const checks: readonly Check[] = [
  ...[kubernetesVersionCheck, clockCheck, gatewayApiCheck, ownKindsCheck, userRightsCheck],
  ...[controllerCheck, versionsCheck, gatewayClassCheck, controllerRightsCheck, waypointRightsCheck],
  ...[istiodCheck, meshConfigCheck, identityCheck, rootsCheck, nodeAgentsCheck, captureCheck],
  ...[enrolledCheck, capturedCheck],
  ...[gatewaysCheck, replicasCheck, scalingCheck],
  ...[boundCheck, endpointsCheck, protocolsCheck],
  ...[sidecarsCheck, ingressCheck, enforcementCheck],
  ...[conditionsCheck, reachCheck, istioKindsCheck],
  ...[waypointTrafficCheck, probesCheck],
]

/** What any check may come to instead of what it is for. */
export const commonCodes = {
  FW0001: {
    level: 'warning',
    title: 'A check could not look',
    cause:
      'The API server did not let this program read a kind that the check needs, or did not answer. Nothing is known of what the check is for.',
    cure: 'Use an account that has the right that is named, or -n with a namespace that you may read.',
  },
  FW0002: {
    level: 'warning',
    title: 'Not all objects were looked at',
    cause:
      'There are more objects of a kind than this program reads in one go. Checks looked at the first ones; there may be more findings.',
    cure: 'Ask for fewer namespaces, with -n.',
  },
  FW0003: {
    level: 'warning',
    title: 'A check ended in a fault of this program',
    cause: 'An object of the cluster has a form that nobody thought of. Nothing is known of what the check is for.',
    cure: 'Report it, with the message and the version of this program.',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>

/** Every code, in order. */
export const codes: ReadonlyMap<string, CodeEntry> = new Map(
  [...Object.entries<CodeEntry>(commonCodes), ...checks.flatMap((check) => Object.entries(check.codes))].toSorted(
    ([a], [b]) => (a < b ? -1 : 1),
  ),
)
