import { listAt, valueAt } from '../../../../controller/manifest.ts'
import { ELSEWHERE, nameOf, refOf } from '../../look/live.ts'
import { istiodsOf, readyReplicasOf, variableOf } from '../../look/istiod.ts'
import { defineCheck, found, type Finding } from '../../check.ts'

type Code = 'FW0301' | 'FW0302' | 'FW0303'

/** Where certificates are issued. */
const CA_PORT = 15_012

export const istiodCheck = defineCheck({
  name: 'istiod',
  section: 'istio',
  title: 'istiod runs with ambient mode, and issues certificates',
  needs: ['Deployment', 'IstiodService'],
  codes: {
    FW0301: {
      level: 'error',
      title: 'istiod is not there, or not ready',
      cause:
        'No Deployment with the label app=istiod in Istio’s namespace has a replica that is ready. Certificates are not issued or renewed, ztunnel learns nothing new, and new waypoints do not become ready.',
      cure: 'Install Istio with the ambient profile, or see why istiod is not ready. Name its namespace with --istio-namespace if it is not istio-system.',
    },
    FW0302: {
      level: 'error',
      title: 'istiod runs without ambient mode',
      cause:
        'The variable PILOT_ENABLE_AMBIENT of istiod is not true, so that ztunnel is told neither of workloads nor of waypoints: nothing is sent through them.',
      cure: 'Install Istio with the ambient profile (profile: ambient, or values.pilot.env.PILOT_ENABLE_AMBIENT=true).',
    },
    FW0303: {
      level: 'error',
      title: 'A waypoint asks an istiod that is not there',
      cause:
        'Waypoints ask the Service istiod for their certificates, or istiod-REVISION where the Gateway has the label istio.io/rev. There is no such Service, or it has no port 15012.',
      cure: 'Correct the label istio.io/rev of the Gateway, or install that revision.',
    },
  },
  run: (mesh) => {
    const { istioNamespace } = mesh.settings
    const istiods = istiodsOf(mesh)
    const ready = istiods.filter((one) => readyReplicasOf(one) > 0)
    if (ready.length === 0) {
      const message =
        istiods.length === 0
          ? `no Deployment with the label app=istiod in namespace ${istioNamespace}`
          : `no replica of ${istiods.map(nameOf).join(', ')} is ready`
      return found<Code>([{ code: 'FW0301', message, next: `kubectl get pods -n ${istioNamespace} -l app=istiod` }])
    }
    const findings: Finding<Code>[] = ready
      .filter((one) => !['true', ELSEWHERE].includes(variableOf(one, 'PILOT_ENABLE_AMBIENT') ?? ''))
      .map((one) => ({
        code: 'FW0302',
        object: refOf(one),
        message: `PILOT_ENABLE_AMBIENT is ${variableOf(one, 'PILOT_ENABLE_AMBIENT') ?? 'not set'}, expected true`,
        next: 'istioctl install --set profile=ambient',
      }))
    for (const { gateway, plan } of mesh.facts.waypoints) {
      const { revision = 'default' } = plan
      const name = revision === 'default' ? 'istiod' : `istiod-${revision}`
      const service = mesh.get('IstiodService', istioNamespace, name)
      if (listAt(service, 'spec', 'ports').some((one) => valueAt(one, 'port') === CA_PORT)) continue
      const message = `certificates are asked for at ${name}.${istioNamespace}.svc:${CA_PORT}, and there is no such Service${service === undefined ? '' : ' port'}`
      findings.push({
        code: 'FW0303',
        object: refOf(gateway),
        message,
        next: `kubectl get services -n ${istioNamespace} -l app=istiod`,
      })
    }
    return found(findings, ready.map(nameOf).join(', '))
  },
})
