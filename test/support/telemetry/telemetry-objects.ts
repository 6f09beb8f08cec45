/** The waypoint stands in `shop`; `api` and `web` are there, `far` in `other`. */
export const aroundTelemetries = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: waypoint, namespace: shop, labels: { istio.io/waypoint-for: all } }
spec:
  gatewayClassName: fairway
  listeners: [{ name: mesh, port: 15008, protocol: HBONE, allowedRoutes: { namespaces: { from: All } } }]
---
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio.io/use-waypoint: waypoint } }
---
apiVersion: v1
kind: Namespace
metadata: { name: other, labels: { istio.io/use-waypoint: waypoint, istio.io/use-waypoint-namespace: shop } }
---
${['shop/api 10.96.0.1', 'shop/web 10.96.0.2', 'other/far 10.96.0.3']
  .map((text) => {
    const [namespace, name, address] = text.split(/[/ ]/)
    return `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: ${namespace} }, spec: { clusterIP: ${address}, ports: [{ port: 80 }] } }`
  })
  .join('\n---\n')}
`

/** `PLACE NAME: SPEC`; places are namespaces, or `gateway`, `class`, `Service NAMESPACE/NAME`. Later ones are younger. */
export const writeTelemetry = (text: string, age: number): string => {
  const [head = '', ...rest] = text.split(': ')
  const words = head.split(' ')
  const name = words.pop()
  const [place = '', target = ''] = words
  const [ofService = '', service = ''] = target.split('/')
  const namespace = { gateway: 'shop', class: 'istio-system', Service: ofService }[place] ?? place
  const ref = {
    gateway: 'targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: waypoint }], ',
    class: 'targetRefs: [{ group: gateway.networking.k8s.io, kind: GatewayClass, name: fairway }], ',
    Service: `targetRefs: [{ kind: Service, name: ${service} }], `,
  }[place]
  const created = new Date(Date.UTC(2025, 0, 1 + age)).toISOString()
  return `{ apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: { name: ${name}, namespace: ${namespace}, creationTimestamp: '${created}' }, spec: { ${ref ?? ''}${rest.join(': ')} } }`
}
