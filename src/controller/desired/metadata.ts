import { MANAGED_BY, MANAGER, type JsonObject, type ManifestMetadata } from '../manifest.ts'
import { selectorOf, type GatewayPlan } from './gateway-plan.ts'
import { labelValueOf } from './names.ts'

/** Where a Gateway's objects say who made them. What `spec.infrastructure` asks for never wins over it. */
const ownLabels = (plan: GatewayPlan): JsonObject => ({
  ...selectorOf(plan),
  'gateway.networking.k8s.io/gateway-class-name': labelValueOf(plan.className),
  [MANAGED_BY]: MANAGER,
})

/** The metadata of an object of a Gateway, which goes when the Gateway goes. */
export const metadataOf = (
  plan: GatewayPlan,
  more: { readonly labels?: JsonObject; readonly annotations?: JsonObject } = {},
): ManifestMetadata => {
  const annotations = { ...more.annotations, ...plan.annotations }
  return {
    name: plan.objectName,
    namespace: plan.namespace,
    labels: { ...more.labels, ...plan.labels, ...ownLabels(plan) },
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ownerReferences: [ownerOf(plan)],
  }
}

const ownerOf = ({ name, uid }: GatewayPlan): JsonObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  name,
  uid,
  controller: true,
})

/** The metadata of the Pods of a Gateway (waypoint contract 3.2 and 3.7). */
export const podMetadataOf = (plan: GatewayPlan): JsonObject => ({
  labels: {
    'service.istio.io/canonical-name': plan.objectName,
    'service.istio.io/canonical-revision': 'latest',
    ...plan.labels,
    // It speaks HBONE itself: neither a sidecar nor ztunnel may stand in front of it.
    'sidecar.istio.io/inject': 'false',
    'istio.io/dataplane-mode': 'none',
    ...ownLabels(plan),
  },
  annotations: {
    'prometheus.io/path': '/stats/prometheus',
    'prometheus.io/port': '15020',
    'prometheus.io/scrape': 'true',
    ...(plan.revision === undefined ? {} : { 'istio.io/rev': plan.revision }),
    ...plan.annotations,
  },
})
