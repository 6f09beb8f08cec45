import type { TelemetryProvider, TelemetryProviderKind } from '../../../model/telemetry/telemetry-provider.ts'
import { unsupportedFields } from '../../objects/mesh-config/telemetry-provider.ts'
import type { DefaultProviders } from '../../objects/mesh-config/mesh-telemetry.ts'
import type { TranslateOptions } from '../options.ts'

/** What sections are about, and the kinds of provider that each can name. */
const kindsOfSection = {
  tracing: ['opentelemetry'],
  accessLogging: ['file-log', 'otel-log'],
  metrics: ['prometheus'],
} as const satisfies Readonly<Record<keyof DefaultProviders, readonly TelemetryProviderKind[]>>

export type SectionName = keyof typeof kindsOfSection

export const sectionNames = ['tracing', 'accessLogging', 'metrics'] as const satisfies readonly SectionName[]

/** Those that every mesh has, unless its MeshConfig has others by these names (Istio's defaults). */
const inEveryMesh: readonly TelemetryProvider[] = [
  { kind: 'prometheus', name: 'prometheus' },
  { kind: 'file-log', name: 'envoy', path: '/dev/stdout' },
  { kind: 'unsupported', name: 'stackdriver', field: 'stackdriver' },
]

/** Finds the providers of a mesh by what Telemetry objects call them. */
export interface TelemetryProviders {
  /** The one of that name if a section can name it; else why it cannot, for people. Case makes no difference, as in Istio. */
  readonly find: (section: SectionName, name: string) => TelemetryProvider | { readonly fault: string }
}

/** Makes the finder; without a MeshConfig there are those of every mesh. */
export const createTelemetryProviders = (mesh: TranslateOptions['mesh']): TelemetryProviders => {
  const written = mesh?.telemetry.providers ?? []
  const all = new Map([...inEveryMesh, ...written].map((provider) => [provider.name.toLowerCase(), provider]))
  const source =
    mesh === undefined
      ? 'there is no MeshConfig that would have it (--mesh-config)'
      : `add it to extensionProviders of ${mesh.source}`
  return {
    find: (section, name) => {
      const provider = all.get(name.toLowerCase())
      const kinds: readonly string[] = kindsOfSection[section]
      if (provider === undefined)
        return {
          fault: `there is no provider ${name}: ${source}; known are ${[...all.values()].map((one) => one.name).join(', ')}`,
        }
      if (kinds.includes(provider.kind)) return provider
      return { fault: explainKind(provider, section) }
    },
  }
}

/** How MeshConfig spells the kinds that can be carried out. */
const fieldOf = {
  prometheus: 'prometheus',
  opentelemetry: 'opentelemetry',
  'file-log': 'envoyFileAccessLog',
  'otel-log': 'envoyOtelAls',
} as const satisfies Readonly<Record<TelemetryProviderKind, string>>

const explainKind = (provider: TelemetryProvider, section: SectionName): string => {
  const usable = kindsOfSection[section].map((kind) => fieldOf[kind]).join(' or ')
  if (provider.kind !== 'unsupported') {
    return `provider ${provider.name} is ${fieldOf[provider.kind]}, which is not for ${section}: name one that is ${usable}`
  }
  const instead = unsupportedFields[provider.field] ?? usable
  return `provider ${provider.name} is ${provider.field}, which is not supported: use ${instead}`
}
