import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import type { FileLogProvider, LogLabels, TelemetryProvider } from '../../../model/telemetry/telemetry-provider.ts'
import type { CustomTag } from '../../../model/telemetry/tracing-policy.ts'
import { checkLogFormat, logLabelsSchema } from './log-format.ts'
import { customTagsSchema } from '../telemetry/custom-tags.ts'

/** What a MeshConfig says of metrics, access logs and traces. */
export interface MeshTelemetry {
  readonly providers: readonly TelemetryProvider[]
  /** Names of those that are told of everything, unless a Telemetry object says otherwise (`defaultProviders`). */
  readonly defaults: DefaultProviders
  /** The log that is written where no Telemetry object and no default says anything (`accessLogFile` and its like). */
  readonly log?: FileLogProvider
  readonly tracing: MeshTracing
}

/** Names of providers by what they are told; absent: none is named. */
export interface DefaultProviders {
  readonly metrics?: readonly string[]
  readonly tracing?: readonly string[]
  readonly accessLogging?: readonly string[]
}

/** `defaultConfig.tracing`, for where no Telemetry object says more. */
export interface MeshTracing {
  /** 0 to 100; absent: it says nothing. */
  readonly samplingPercentage?: number
  readonly customTags?: readonly CustomTag[]
  readonly maxPathTagLength?: number
  readonly hasIstioTags?: boolean
}

const names = s.optional(s.array(s.string({ minLength: 1 })))

/** The fields of a MeshConfig that this is read from, beside `extensionProviders`. */
export const meshTelemetryFields = {
  defaultProviders: s.withDefault(s.object({ metrics: names, tracing: names, accessLogging: names }), {}),
  accessLogFile: s.optional(
    s.string({ pattern: /(?:\/[^\0]*)?/, describe: 'an absolute path like /dev/stdout, or nothing' }),
  ),
  accessLogFormat: s.optional(s.string()),
  accessLogEncoding: s.withDefault(s.oneOf(['TEXT', 'JSON']), 'TEXT'),
  defaultConfig: s.optional(
    s.object(
      {
        tracing: s.optional(
          s.object(
            {
              sampling: s.optional(s.number({ min: 0, max: 100 })),
              customTags: s.optional(customTagsSchema),
              maxPathTagLength: s.optional(s.integer({ min: 0, max: 65_536 })),
              enableIstioTags: s.optional(s.boolean()),
            },
            { unknownFields: 'ignore' },
          ),
        ),
      },
      { unknownFields: 'ignore' },
    ),
  ),
}

type Written = s.ObjectOf<typeof meshTelemetryFields>

/** No provider can be called so by a Telemetry object that means one of its own. */
export const MESH_LOG = 'MeshConfig.accessLogFile'

/** What those fields come to, beside `providers`; a format that has a fault (`checkMeshLog`) is none. */
export const meshTelemetryOf = (
  written: Written,
  { providers, hasFault }: { readonly providers: readonly TelemetryProvider[]; readonly hasFault: boolean },
): MeshTelemetry => {
  const { defaultProviders, defaultConfig, accessLogFile: path = '' } = written
  const { sampling, customTags, maxPathTagLength = 0, enableIstioTags } = defaultConfig?.tracing ?? {}
  return {
    providers,
    defaults: defaultProviders,
    ...(path === '' ? {} : { log: logOf(path, hasFault ? { ...written, accessLogFormat: undefined } : written) }),
    tracing: {
      // Protobuf cannot tell 0 from nothing, and neither does Istio.
      ...(sampling === undefined || sampling === 0 ? {} : { samplingPercentage: sampling }),
      ...(customTags === undefined ? {} : { customTags }),
      ...(maxPathTagLength === 0 ? {} : { maxPathTagLength }),
      ...(enableIstioTags === undefined ? {} : { hasIstioTags: enableIstioTags }),
    },
  }
}

type WrittenFormat = Pick<Written, 'accessLogEncoding'> & { readonly accessLogFormat?: string | undefined }

const logOf = (path: string, { accessLogFormat: text = '', accessLogEncoding }: WrittenFormat): FileLogProvider => {
  const log = { kind: 'file-log', name: MESH_LOG, path } as const
  if (accessLogEncoding === 'TEXT') return text === '' ? log : { ...log, format: { kind: 'text', text } }
  const labels = text === '' ? undefined : parseLabels(text)
  return { ...log, format: { kind: 'labels', ...(labels === undefined ? {} : { labels }), omitsEmpty: false } }
}

/** With the encoding JSON a format is a text that has a JSON object in it. */
export const checkMeshLog = ({ accessLogFormat: text = '', accessLogEncoding }: Written): readonly Issue[] => {
  const path = 'accessLogFormat'
  if (text === '') return []
  if (accessLogEncoding === 'TEXT') return checkLogFormat({ kind: 'text', text }, path)
  const labels = parseLabels(text)
  if (labels === undefined) return [{ message: 'wrong value', path, found: s.formatFound(text), expected: FORMAT }]
  return checkLogFormat({ kind: 'labels', labels, omitsEmpty: false }, path)
}

const FORMAT = 'the text of a JSON object whose values are texts with operators, as accessLogEncoding is JSON'

const parseLabels = (text: string): LogLabels | undefined => {
  try {
    const decoded = logLabelsSchema.decode(JSON.parse(text), '')
    return decoded.ok ? decoded.value : undefined
  } catch {
    return undefined
  }
}
