import assert from 'node:assert/strict'
import { decodeMeshConfig } from '../../../src/config/objects/mesh-config/mesh-config.ts'
import type { TranslateOptions } from '../../../src/config/translate/options.ts'
import { translate } from '../../../src/config/translate/translate.ts'
import type { TelemetryPolicy } from '../../../src/model/telemetry/telemetry-policy.ts'
import { loadText } from '../load-text.ts'
import { aroundTelemetries, writeTelemetry } from './telemetry-objects.ts'

export const base: TranslateOptions = {
  clusterDomain: 'cluster.local',
  trustDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  pathNormalization: 'BASE',
}

export const collector = { service: 'otel.obs.svc.cluster.local', port: 4317 }
export const providers = [
  { name: 'otel', opentelemetry: collector },
  { name: 'other', opentelemetry: collector },
  { name: 'file', envoyFileAccessLog: { path: '/var/log/a' } },
  { name: 'records', envoyOtelAls: collector },
  { name: 'old', zipkin: collector },
]

const optionsWith = (mesh: object): TranslateOptions => {
  const decoded = decodeMeshConfig({ extensionProviders: providers, ...mesh })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  const { providers: asked, telemetry } = decoded.value.config
  return { ...base, mesh: { source: 'mesh.yaml', providers: asked, telemetry } }
}

/** What Telemetry objects come to in the waypoint that stands around them. */
export const translateTelemetries = (objects: readonly string[], mesh: object = {}) => {
  const text = [aroundTelemetries, ...objects.map(writeTelemetry)].join('\n---\n')
  const { objects: set, issues } = loadText('telemetry.yaml', text)
  assert.deepEqual(issues, [])
  const { model, conditions } = translate(set, optionsWith(mesh))
  const policies = new Map((model.telemetry?.policies ?? []).map((policy) => [policy.key, policy]))
  const told = conditions.filter(({ object }) => object.kind === 'Telemetry')
  return {
    of: (service: string): TelemetryPolicy | undefined =>
      policies.get(model.services.find(({ key }) => key === service)?.telemetry ?? ''),
    pods: model.telemetry?.podPolicy,
    named: (model.telemetry?.providers ?? []).map(({ name }) => name),
    conditions: told.map(
      ({ object, type, status, reason, message }) => `${object.name} ${type} ${status} ${reason}: ${message}`,
    ),
  }
}
