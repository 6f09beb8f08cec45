import type { DecodedMesh } from './objects/mesh-config/mesh-config.ts'
import type { TranslateOptions } from './translate/options.ts'
import { createTelemetryProviders, sectionNames } from './translate/telemetry/telemetry-providers.ts'

/** Flags that say the same as a field of the MeshConfig. */
export type MeshFlag = 'trust-domain' | 'path-normalization'

/** Where the MeshConfig is, and what it does not decide. */
export interface MeshSource {
  /** A file; or how messages call what `isInCluster`. */
  readonly path: string
  /** It is Istio's ConfigMap, in the cluster that objects come from. */
  readonly isInCluster?: true
  /** Those that were given: they win. */
  readonly flags: readonly MeshFlag[]
}

/** What objects are translated with, once the mesh has been asked. */
export interface MeshedOptions {
  readonly options: TranslateOptions
  /** What should be known of it, and is no fault. */
  readonly notes: readonly string[]
}

/** What flags and MeshConfig come to together; `base` is what the flags say, or their defaults. */
export const withMeshConfig = (
  base: TranslateOptions,
  { config, unused }: DecodedMesh,
  { path, flags }: MeshSource,
): MeshedOptions => {
  const notes: string[] = []
  const decide = (flag: MeshFlag, flagged: string, field: string, meshed: string | undefined): boolean => {
    if (meshed === undefined || !flags.includes(flag)) return meshed !== undefined
    if (flagged !== meshed) notes.push(`--${flag} ${flagged} is in force, and not ${field} ${meshed} of ${path}`)
    return false
  }
  const { trustDomain = base.trustDomain, trustDomainAliases, pathNormalization, rootNamespace } = config
  const hasDomains = config.trustDomain !== undefined || trustDomainAliases.length > 0
  const meshed = [trustDomain, ...trustDomainAliases].join(',')
  const flagged = [base.trustDomain, ...(base.trustDomainAliases ?? [])].join(',')
  const takesDomains = decide('trust-domain', flagged, 'trustDomain', hasDomains ? meshed : undefined)
  const takesPaths = decide('path-normalization', base.pathNormalization, 'pathNormalization', pathNormalization)
  if (unused.length > 0) notes.push(`of no effect on a waypoint in ${path}: ${unused.join(', ')}`)
  const { providers, telemetry, entryVisibility, defaultRepeats } = config
  const mesh = {
    source: path,
    providers,
    telemetry,
    ...(entryVisibility === undefined ? {} : { entryVisibility }),
    ...(defaultRepeats === undefined ? {} : { defaultRepeats }),
  }
  notes.push(...defaultNotes(mesh))
  return {
    options: {
      ...base,
      ...(takesDomains ? { trustDomain, trustDomainAliases } : {}),
      ...(takesPaths && pathNormalization !== undefined ? { pathNormalization } : {}),
      ...(rootNamespace === undefined ? {} : { rootNamespace }),
      mesh,
    },
    notes,
  }
}

/** Default providers that nothing can be told to. */
const defaultNotes = (mesh: NonNullable<TranslateOptions['mesh']>): readonly string[] => {
  const { find } = createTelemetryProviders(mesh)
  return sectionNames.flatMap((section) =>
    (mesh.telemetry.defaults[section] ?? []).flatMap((name) => {
      const provider = find(section, name)
      return 'fault' in provider ? [`defaultProviders.${section} of ${mesh.source}: ${provider.fault}`] : []
    }),
  )
}
