import type { Manifest } from '../manifest.ts'
import { selectorOf, type GatewayPlan } from './gateway-plan.ts'
import { metadataOf } from './metadata.ts'

/** What the status address of a Gateway stands for, and ztunnel sends to. */
export const serviceOf = (plan: GatewayPlan): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadataOf(plan, {
    // In a namespace that uses the waypoint, what goes to the waypoint must not go through it.
    labels: { 'istio.io/use-waypoint': 'none' },
    annotations: { 'networking.istio.io/traffic-distribution': 'PreferClose' },
  }),
  spec: {
    type: plan.serviceType,
    ipFamilyPolicy: 'PreferDualStack',
    selector: selectorOf(plan),
    ports: [
      { name: 'status-port', port: 15_021, targetPort: 15_021, protocol: 'TCP', appProtocol: 'tcp' },
      { name: 'mesh', port: 15_008, targetPort: 15_008, protocol: 'TCP', appProtocol: 'hbone' },
    ],
  },
})

/** Whom the replicas are to the API server and, by their certificate, to the mesh. */
export const serviceAccountOf = (plan: GatewayPlan): Manifest => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { ...metadataOf(plan), name: plan.serviceAccount },
})
