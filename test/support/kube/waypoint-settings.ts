import type { WaypointSettings } from '../../../src/controller/desired/gateway-plan.ts'

/** What waypoints are made with in tests. */
export const waypointSettings: WaypointSettings = {
  image: 'example.org/fairway:1.2.3',
  imagePullPolicy: 'IfNotPresent',
  clusterDomain: 'cluster.local',
  trustDomain: undefined,
  clusterId: 'Kubernetes',
  istioNamespace: 'istio-system',
  caAddress: undefined,
  flags: [],
}
