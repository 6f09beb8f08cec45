import assert from 'node:assert/strict'
import { it } from 'node:test'
import { loadText } from '../../../../test/support/load-text.ts'
import { decodeMeshConfig } from '../../objects/mesh-config/mesh-config.ts'
import { translate } from '../translate.ts'

const waypoint = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: waypoint, namespace: shop }
spec:
  gatewayClassName: fairway
  listeners: [{ name: mesh, port: 15008, protocol: HBONE }]
---
apiVersion: v1
kind: Service
metadata: { name: api, namespace: shop, labels: { istio.io/use-waypoint: waypoint } }
spec: { clusterIP: 10.96.0.1, ports: [{ port: 80 }] }
`
const known = `
apiVersion: v1
kind: Service
metadata: { name: otel, namespace: obs }
spec: { clusterIP: 10.96.0.9, ports: [{ port: 4317 }] }
`

const reached = (text: string): readonly unknown[] => {
  const decoded = decodeMeshConfig({
    extensionProviders: [{ name: 'otel', opentelemetry: { service: 'otel.obs.svc.cluster.local', port: 4317 } }],
    defaultProviders: { tracing: ['otel'] },
  })
  assert.ok(decoded.ok)
  const { providers, telemetry } = decoded.value.config
  const { model } = translate(loadText('objects.yaml', text).objects, {
    clusterDomain: 'cluster.local',
    trustDomain: 'cluster.local',
    rootNamespace: 'istio-system',
    pathNormalization: 'BASE',
    mesh: { source: 'mesh.yaml', providers, telemetry },
  })
  const [provider] = model.telemetry?.providers ?? []
  assert.ok(provider?.kind === 'opentelemetry')
  return [provider.collector.endpoints, model.endpoints.some(({ key }) => key === 'obs/otel:4317')]
}

it('a collector whose Service is among the objects is reached through the mesh', () =>
  assert.deepEqual(reached(`${waypoint}---${known}`), ['obs/otel:4317', true]))

it('a collector that is not known is left to be looked up by its name', () =>
  assert.deepEqual(reached(waypoint), [undefined, false]))
