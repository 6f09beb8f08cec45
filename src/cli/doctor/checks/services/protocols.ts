import { protocolOf } from '../../../../config/translate/service/port-protocol.ts'
import { refOf } from '../../look/live.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

export const protocolsCheck = defineCheck({
  name: 'protocols',
  section: 'services',
  title: 'what ports speak is declared in words that are known',
  needs: ['Service', 'Gateway'],
  codes: {
    FW0609: {
      level: 'warning',
      title: 'The protocol of a port is not known',
      cause:
        'The appProtocol of a port is no word that Kubernetes or Istio defines. The waypoint finds out by looking at the first bytes, as if nothing were declared: a protocol in which the server speaks first waits until that is given up, and rules for requests hold for what looks like HTTP only.',
      cure: 'Use one of http, http2, grpc, grpc-web, https, tls, tcp, kubernetes.io/h2c, kubernetes.io/ws or kubernetes.io/wss.',
    },
  },
  run: (mesh) => {
    const { services } = mesh.facts
    if (services.length === 0) return skip('no Service with a waypoint')
    return found(
      services.flatMap(({ live, object: { ports } }): readonly Finding<'FW0609'>[] => {
        const object = refOf(live)
        const next = `kubectl get service ${object.name} -n ${object.namespace} -o jsonpath='{.spec.ports}'`
        return ports.flatMap((port) => {
          const isKnown = port.appProtocol === undefined || protocolOf(port) !== 'unknown'
          if (port.protocol !== 'TCP' || isKnown) return []
          const message = `port ${port.port} has appProtocol ${JSON.stringify(port.appProtocol)}, which nobody knows`
          return [{ code: 'FW0609', object, message, next }]
        })
      }),
    )
  },
})
