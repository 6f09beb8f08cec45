import { listAt, textAt, valueAt, type LiveObject } from '../../../../controller/manifest.ts'
import { ELSEWHERE, environmentOf, refOf } from '../../look/live.ts'
import { istiodsOf, readyReplicasOf, revisionOf, variableOf } from '../../look/istiod.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import type { Waypoint } from '../../mesh/facts.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0306' | 'FW0307' | 'FW0308'

export const identityCheck = defineCheck({
  name: 'identity',
  section: 'istio',
  title: 'istiod takes the tokens of waypoints, and both mean the same trust domain',
  needs: ['Deployment', 'ConfigMap'],
  codes: {
    FW0306: {
      level: 'error',
      title: 'The token of a waypoint is for another audience',
      cause:
        'A waypoint shows istiod a token whose audience is not among those that istiod takes (TOKEN_AUDIENCES, istio-ca by default). istiod refuses to issue a certificate, and the waypoint does not become ready.',
      cure: 'Set the audience of the volume istio-token in the parameters of the Gateway or of its class to one that istiod takes.',
    },
    FW0307: {
      level: 'error',
      title: 'A waypoint calls the cluster by another name than istiod',
      cause:
        'istiod checks tokens with the API server of the cluster that the waypoint names (CLUSTER_ID). It does not know that name, and refuses the token.',
      cure: 'Start the controller with --cluster-id as istiod’s variable CLUSTER_ID has it.',
    },
    FW0308: {
      level: 'error',
      title: 'A waypoint has another trust domain than the mesh',
      cause:
        'A waypoint was started with a trust domain that is neither that of the MeshConfig nor one of its aliases. It takes clients for strangers, and endpoints show identities that it does not expect.',
      cure: 'Leave --trust-domain of the controller away, so that the MeshConfig counts, or make both the same.',
    },
  },
  run: (mesh) => {
    const { waypoints, options } = mesh.facts
    if (waypoints.length === 0) return skip('no waypoint')
    const findings = waypoints.flatMap((waypoint): readonly Finding<Code>[] => {
      const deployment = mesh.get('Deployment', waypoint.plan.namespace, waypoint.plan.objectName)
      const istiod = istiodOf(mesh, waypoint)
      if (deployment === undefined) return []
      return [
        ...(istiod === undefined ? [] : judgeTokens(deployment, istiod)),
        ...judgeTrust(deployment, [options.trustDomain, ...(options.trustDomainAliases ?? [])]),
      ]
    })
    return found(findings)
  },
})

const istiodOf = (mesh: Mesh, { plan }: Waypoint): LiveObject | undefined => {
  const ready = istiodsOf(mesh).filter((one) => readyReplicasOf(one) > 0)
  return ready.find((one) => revisionOf(one) === (plan.revision ?? 'default')) ?? ready[0]
}

const judgeTokens = (deployment: LiveObject, istiod: LiveObject): readonly Finding<Code>[] => {
  const pod = valueAt(deployment, 'spec', 'template', 'spec')
  const object = refOf(deployment)
  const next = `kubectl get deployment ${object.name} -n ${object.namespace} -o yaml`
  const said = variableOf(istiod, 'TOKEN_AUDIENCES') || 'istio-ca'
  const audiences = said.split(',').map((one) => one.trim())
  const shown = tokenAudience(pod)
  const findings: Finding<Code>[] = []
  if (shown !== undefined && said !== ELSEWHERE && !audiences.includes(shown)) {
    const message = `its token is for ${shown}, istiod takes ${audiences.join(', ')}`
    findings.push({ code: 'FW0306', object, message, next })
  }
  const [theirs = 'Kubernetes', ours = 'Kubernetes'] = [
    variableOf(istiod, 'CLUSTER_ID'),
    environmentOf(pod, 'CLUSTER_ID'),
  ]
  if (theirs !== ours && theirs !== ELSEWHERE && ours !== ELSEWHERE) {
    const message = `it calls the cluster ${ours}, istiod calls it ${theirs}`
    findings.push({ code: 'FW0307', object, message, next })
  }
  return findings
}

const tokenAudience = (pod: unknown): string | undefined => {
  const volume = listAt(pod, 'volumes').find((one) => textAt(one, 'name') === 'istio-token')
  const [token] = listAt(volume, 'projected', 'sources').flatMap(
    (one) => textAt(one, 'serviceAccountToken', 'audience') || [],
  )
  return token
}

const judgeTrust = (deployment: LiveObject, trustDomains: readonly string[]): readonly Finding<Code>[] => {
  const [container] = listAt(deployment, 'spec', 'template', 'spec', 'containers')
  const flag = '--trust-domain='
  const [given] = listAt(container, 'args')
    .map(String)
    .filter((one) => one.startsWith(flag))
  const trustDomain = given?.slice(flag.length).split(',')[0]
  if (trustDomain === undefined || trustDomains.includes(trustDomain)) return []
  const object = refOf(deployment)
  const message = `its trust domain is ${trustDomain}, that of the mesh ${trustDomains.join(', ')}`
  const next = `kubectl get deployment fairway-controller -n fairway-system -o yaml`
  return [{ code: 'FW0308', object, message, next }]
}
