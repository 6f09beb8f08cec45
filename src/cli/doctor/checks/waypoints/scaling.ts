import { textAt, valueAt } from '../../../../controller/manifest.ts'
import { conditionAt, numberAt, refOf } from '../../look/live.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0508' | 'FW0509' | 'FW0510'

export const scalingCheck = defineCheck({
  name: 'scaling',
  section: 'waypoints',
  title: 'waypoints can be scaled, and their nodes drained',
  needs: ['HorizontalPodAutoscaler', 'PodDisruptionBudget', 'Deployment'],
  codes: {
    FW0508: {
      level: 'warning',
      title: 'The autoscaler of a waypoint cannot act',
      cause:
        'The HorizontalPodAutoscaler says that it cannot read what it scales by, or cannot scale. The waypoint stays at the number of replicas that it has, whatever the load.',
      cure: 'Install metrics-server, or what else serves metrics.k8s.io; read the conditions of the autoscaler.',
    },
    FW0509: {
      level: 'warning',
      title: 'No metrics for autoscalers',
      cause:
        'The API server does not serve metrics.k8s.io, which autoscalers of waypoints scale by. They stay at the number of replicas that they have.',
      cure: 'Install metrics-server.',
    },
    FW0510: {
      level: 'warning',
      title: 'The disruption budget of a waypoint lets nobody go',
      cause:
        'The PodDisruptionBudget allows no disruption although all of its Pods are healthy: its nodes cannot be drained, and upgrades of the cluster wait.',
      cure: 'Use maxUnavailable: 1 (the default), or run a replica more than minAvailable.',
    },
  },
  run: (mesh) => {
    const { waypoints } = mesh.facts
    if (waypoints.length === 0) return skip('no waypoint')
    const scaled = waypoints.filter(
      ({ plan }) => mesh.get('HorizontalPodAutoscaler', plan.namespace, plan.objectName) !== undefined,
    )
    const findings: Finding<Code>[] = []
    const hasMetrics = [...mesh.served.keys()].some((key) => key.endsWith('.metrics.k8s.io'))
    if (scaled.length > 0 && !hasMetrics) {
      const message = `metrics.k8s.io is not served, and ${scaled.map(({ key }) => key).join(', ')} ${scaled.length === 1 ? 'is' : 'are'} scaled by it`
      findings.push({ code: 'FW0509', message, next: 'kubectl get apiservice v1beta1.metrics.k8s.io' })
    }
    for (const { plan } of waypoints) {
      const { namespace, objectName } = plan
      const autoscaler = mesh.get('HorizontalPodAutoscaler', namespace, objectName)
      const stuck = ['AbleToScale', 'ScalingActive']
        .map((type) => conditionAt(autoscaler, type))
        .find(
          (condition) => textAt(condition, 'status') === 'False' && textAt(condition, 'reason') !== 'ScalingDisabled',
        )
      if (autoscaler !== undefined && stuck !== undefined && hasMetrics) {
        const message = `${textAt(stuck, 'reason')}: ${textAt(stuck, 'message')}`
        findings.push({
          code: 'FW0508',
          object: refOf(autoscaler),
          message,
          next: `kubectl describe hpa ${objectName} -n ${namespace}`,
        })
      }
      const budget = mesh.get('PodDisruptionBudget', namespace, objectName)
      if (budget === undefined || !isStuck(budget)) continue
      const healthy = numberAt(budget, ['status', 'currentHealthy'], 0)
      const message = `all ${healthy} replicas are healthy, and none may go (minAvailable ${JSON.stringify(valueAt(budget, 'spec', 'minAvailable') ?? 'not set')}, maxUnavailable ${JSON.stringify(valueAt(budget, 'spec', 'maxUnavailable') ?? 'not set')})`
      findings.push({
        code: 'FW0510',
        object: refOf(budget),
        message,
        next: `kubectl describe pdb ${objectName} -n ${namespace}`,
      })
    }
    return found(findings)
  },
})

/** Before the budget's own controller has looked there is no status. */
const isStuck = (budget: unknown): boolean => {
  const expected = numberAt(budget, ['status', 'expectedPods'], 0)
  const healthy = numberAt(budget, ['status', 'currentHealthy'], 0)
  return expected > 0 && healthy >= expected && numberAt(budget, ['status', 'disruptionsAllowed'], 0) === 0
}
