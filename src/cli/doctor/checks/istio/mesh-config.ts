import { defineCheck, found } from '../../check.ts'

export const meshConfigCheck = defineCheck({
  name: 'mesh-config',
  section: 'istio',
  title: 'the MeshConfig can be read',
  needs: [`ConfigMap`],
  codes: {
    FW0304: {
      level: 'warning',
      title: 'There is no MeshConfig',
      cause:
        'Istio’s namespace has no ConfigMap istio. Waypoints then take the trust domain for cluster.local and know no extension providers; if another revision’s is meant, they are wrong.',
      cure: 'Install Istio, or name its namespace with --istio-namespace.',
    },
    FW0305: {
      level: 'error',
      title: 'The MeshConfig cannot be read',
      cause:
        'The ConfigMap istio has a MeshConfig that is no YAML, or has a wrong value where a waypoint reads it. Waypoints that run keep the last one that could be read; new ones do not become ready.',
      cure: 'Put the field right that is named.',
    },
  },
  run: (mesh) => {
    const { istioNamespace } = mesh.settings
    const object = { kind: 'ConfigMap', namespace: istioNamespace, name: 'istio' }
    const next = `kubectl get configmap istio -n ${istioNamespace} -o yaml`
    if (mesh.get('ConfigMap', istioNamespace, 'istio') === undefined) {
      return found([{ code: 'FW0304', object, message: 'there is no such ConfigMap', next }])
    }
    const { meshFault, options } = mesh.facts
    if (meshFault === undefined) return found([], `trust domain ${options.trustDomain}`)
    return found([{ code: 'FW0305', object, message: meshFault, next }])
  },
})
