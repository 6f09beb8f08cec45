import type { ExchangeRecord } from '../../../src/filter/record.ts'
import type { LogFormat } from '../../../src/model/telemetry/telemetry-provider.ts'
import type { DecisionFields } from '../../../src/telemetry/decisions/decision-fields.ts'
import { createLineWriter, jsonFormat } from '../../../src/telemetry/log/format/line-writer.ts'
import type { LogHost } from '../../../src/telemetry/log/format/operator-facts.ts'

/** A process that formats may ask. */
export const testLogHost: LogHost = {
  hostname: 'waypoint-1',
  environment: { POD_NAMESPACE: 'shop' },
  connectionId: () => 7,
}

/** A line of a record of which there are no heads, in one of Istio's encodings or a format of its own. */
export const lineOf = (
  record: ExchangeRecord,
  format: 'json' | 'text' | LogFormat,
  decision?: DecisionFields,
): string => {
  const written = format === 'json' ? jsonFormat : format === 'text' ? undefined : format
  return createLineWriter(written, testLogHost)({ record, exchange: undefined }, decision)
}
