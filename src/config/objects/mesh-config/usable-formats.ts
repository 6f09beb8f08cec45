import type { Issue } from '../../../lib/decoded.ts'
import type { TelemetryProvider } from '../../../model/telemetry/telemetry-provider.ts'
import { checkLogFormat } from './log-format.ts'

/** A provider as far as it can be carried out, and what cannot. */
export interface UsableProvider {
  readonly provider: TelemetryProvider
  readonly faults: readonly Issue[]
}

/**
 * A provider at `path` without the formats that have a fault: what it is told is told in Istio's own. A log that looks otherwise
 * is less than a MeshConfig of which nothing is in force, and one that another proxy understands may be shared with it.
 */
export const withUsableFormats = (provider: TelemetryProvider, path: string): UsableProvider => {
  switch (provider.kind) {
    case 'file-log': {
      const { format, ...rest } = provider
      if (format === undefined) return { provider, faults: [] }
      const faults = checkLogFormat(format, `${path}.envoyFileAccessLog.logFormat.${format.kind}`)
      if (faults.length === 0) return { provider, faults }
      const own = format.kind === 'text' ? {} : { format: { kind: 'labels', omitsEmpty: format.omitsEmpty } as const }
      return { provider: { ...rest, ...own }, faults: inOwnFormat(faults) }
    }
    case 'otel-log': {
      const { format: { text, labels } = {}, ...rest } = provider
      const at = `${path}.envoyOtelAls.logFormat`
      const inText = text === undefined ? [] : checkLogFormat({ kind: 'text', text }, `${at}.text`)
      const inLabels =
        labels === undefined ? [] : checkLogFormat({ kind: 'labels', labels, omitsEmpty: false }, `${at}.labels`)
      const faults = [...inText, ...inLabels]
      if (faults.length === 0) return { provider, faults }
      const format = {
        ...(text === undefined || inText.length > 0 ? {} : { text }),
        ...(labels === undefined || inLabels.length > 0 ? {} : { labels }),
      }
      return {
        provider: Object.keys(format).length === 0 ? rest : { ...rest, format },
        faults: inOwnFormat(faults),
      }
    }
    case 'opentelemetry':
    case 'prometheus':
    case 'unsupported':
      return { provider, faults: [] }
  }
}

/** Says what is done in its place. */
export const inOwnFormat = (faults: readonly Issue[]): readonly Issue[] =>
  faults.map((fault) => ({ ...fault, message: `${fault.message} (until it is mended Istio's own format is written)` }))
