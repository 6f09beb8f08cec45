import { isEqual } from '../../lib/is-equal.ts'
import type { ModelTelemetry, TelemetryPolicy } from '../../model/telemetry/telemetry-policy.ts'

/** The policies of a model, found by what it calls them. */
export interface TelemetryPolicies {
  readonly byKey: ReadonlyMap<string, TelemetryPolicy>
  /** For what goes to Pods themselves. */
  readonly pods: TelemetryPolicy | undefined
}

/** As long as no object says anything. */
export const noTelemetry: TelemetryPolicies = { byKey: new Map(), pods: undefined }

/** Files the policies; one that says the same as before is the object that it was, since series and logs are found by it. */
export const compileTelemetry = (
  telemetry: ModelTelemetry | undefined,
  before: TelemetryPolicies,
): TelemetryPolicies => {
  if (telemetry === undefined) return noTelemetry
  const byKey = new Map<string, TelemetryPolicy>()
  for (const policy of telemetry.policies) {
    const was = before.byKey.get(policy.key)
    byKey.set(policy.key, was !== undefined && isEqual(was, policy) ? was : policy)
  }
  return { byKey, pods: telemetry.podPolicy === undefined ? undefined : byKey.get(telemetry.podPolicy) }
}
