import type { Manifest } from '../manifest.ts'
import { selectorOf, type GatewayPlan } from './gateway-plan.ts'
import { metadataOf } from './metadata.ts'

/**
 * How many replicas there are. One of them has one thread that carries traffic, so that the CPU it takes is told in
 * absolute terms: a share of what it requests, which is little, would have a new replica come at a tenth of a core.
 */
export const autoscalerOf = (plan: GatewayPlan): Manifest => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: metadataOf(plan),
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: plan.objectName },
    minReplicas: 2,
    maxReplicas: 10,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '600m' } } }],
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 0 },
      // A replica that goes moves its clients: slowly, and not for a dip.
      scaleDown: {
        stabilizationWindowSeconds: 300,
        policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }],
      },
    },
  },
})

/** One at a time may be taken away by whoever drains nodes. */
export const disruptionBudgetOf = (plan: GatewayPlan): Manifest => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: metadataOf(plan),
  spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(plan) } },
})
