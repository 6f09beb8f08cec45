import { parseText } from '../../config/source/parse-text.ts'
import { withMeshConfig, type MeshFlag } from '../../config/mesh-options.ts'
import { decodeMeshConfig } from '../../config/objects/mesh-config/mesh-config.ts'
import type { TranslateOptions } from '../../config/translate/options.ts'
import { formatIssue } from '../../lib/format-issue.ts'
import type { WaypointSettings } from '../desired/gateway-plan.ts'
import { textAt, type LiveObject } from '../manifest.ts'

/** What objects are translated with, or why the last options stay. */
export type MeshedOptions =
  | { readonly ok: true; readonly options: TranslateOptions }
  | { readonly ok: false; readonly message: string }

/** What waypoints are started with that wins over the MeshConfig: what is said of objects has to go by the same. */
export const winningFlagsOf = ({
  trustDomain,
  flags,
}: Pick<WaypointSettings, 'trustDomain' | 'flags'>): readonly MeshFlag[] => [
  ...(trustDomain === undefined ? [] : (['trust-domain'] as const)),
  ...(flags.some((flag) => flag.startsWith('--path-normalization=')) ? (['path-normalization'] as const) : []),
]

/** The options of a mesh whose MeshConfig stands in a ConfigMap as Istio's does; without one those of `base`, which `flags` keep. */
export const meshedOptionsOf = (
  base: TranslateOptions,
  configMap: LiveObject | undefined,
  flags: readonly MeshFlag[] = [],
): MeshedOptions => {
  if (configMap === undefined) return { ok: true, options: base }
  const path = `ConfigMap ${textAt(configMap, 'metadata', 'namespace')}/${textAt(configMap, 'metadata', 'name')}`
  const text = textAt(configMap, 'data', 'mesh')
  const parsed = parseText(path, text, { decode: (value) => value })
  if (!parsed.ok) return { ok: false, message: parsed.issues.map(formatIssue).join('; ') }
  const decoded = decodeMeshConfig(parsed.items[0]?.read)
  if (!decoded.ok) return { ok: false, message: `${path} data.mesh: ${decoded.issues.map(formatIssue).join('; ')}` }
  return { ok: true, options: withMeshConfig(base, decoded.value, { path, flags }).options }
}
