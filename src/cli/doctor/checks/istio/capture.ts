import { textAt } from '../../../../controller/manifest.ts'
import { refOf } from '../../look/live.ts'
import { cniAgentsOf } from '../../look/node-agents.ts'
import { variableOf } from '../../look/istiod.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0316' | 'FW0317'

export const captureCheck = defineCheck({
  name: 'capture',
  section: 'istio',
  title: 'Istio’s CNI captures Pods, and their DNS where ServiceEntries need it',
  needs: ['ConfigMap', 'DaemonSet', 'ServiceEntry'],
  codes: {
    FW0316: {
      level: 'error',
      title: 'Istio’s CNI does not capture for ambient mode',
      cause:
        'AMBIENT_ENABLED of the ConfigMap istio-cni-config is not true: Pods are not captured, whatever their labels say.',
      cure: 'Install Istio’s CNI with ambient mode (values.ambient.enabled=true).',
    },
    FW0317: {
      level: 'warning',
      title: 'DNS is not captured, and ServiceEntries are bound to waypoints',
      cause:
        'AMBIENT_DNS_CAPTURE of the ConfigMap istio-cni-config is false. Hosts of a ServiceEntry without addresses are given one by istiod, which only ztunnel’s DNS tells: without it clients go to the real address, and past the waypoint.',
      cure: 'Set values.cni.ambient.dnsCapture=true, or give the ServiceEntry addresses.',
    },
  },
  run: (mesh) => {
    const configMap = mesh.all('ConfigMap').find((one) => refOf(one).name === 'istio-cni-config')
    const agent = cniAgentsOf(mesh)[0]
    if (configMap === undefined && agent === undefined) return skip('no Istio CNI')
    const setting = (name: string): string =>
      textAt(configMap, 'data', name) || (agent === undefined ? '' : (variableOf(agent, name) ?? ''))
    const object = refOf(configMap ?? agent ?? {})
    const next = `kubectl get configmap istio-cni-config -n ${object.namespace} -o yaml`
    const findings: Finding<Code>[] = []
    if (setting('AMBIENT_ENABLED') === 'false') {
      findings.push({ code: 'FW0316', object, message: 'AMBIENT_ENABLED is false, expected true', next })
    }
    const entries = mesh.facts.waypoints.flatMap(({ translation }) =>
      translation.model.services.filter(({ key }) => mesh.facts.catalog.services.get(key) === undefined),
    )
    if (setting('AMBIENT_DNS_CAPTURE') === 'false' && entries.length > 0) {
      const message = `AMBIENT_DNS_CAPTURE is false, and ${entries.map(({ hostname }) => hostname).join(', ')} ${entries.length === 1 ? 'is' : 'are'} bound to a waypoint`
      findings.push({ code: 'FW0317', object, message, next })
    }
    return found(findings)
  },
})
