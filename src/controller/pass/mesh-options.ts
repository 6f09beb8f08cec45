import { parseText } from '../../config/source/parse-text.ts'
import { withMeshConfig } from '../../config/mesh-options.ts'
import { decodeMeshConfig } from '../../config/objects/mesh-config/mesh-config.ts'
import type { TranslateOptions } from '../../config/translate/options.ts'
import { formatIssue } from '../../lib/format-issue.ts'
import { textAt, type LiveObject } from '../manifest.ts'

/** What objects are translated with, or why the last options stay. */
export type MeshedOptions =
  | { readonly ok: true; readonly options: TranslateOptions }
  | { readonly ok: false; readonly message: string }

/** The options of a mesh whose MeshConfig stands in a ConfigMap as Istio's does; without one those of `base`. */
export const meshedOptionsOf = (base: TranslateOptions, configMap: LiveObject | undefined): MeshedOptions => {
  if (configMap === undefined) return { ok: true, options: base }
  const path = `ConfigMap ${textAt(configMap, 'metadata', 'namespace')}/${textAt(configMap, 'metadata', 'name')}`
  const text = textAt(configMap, 'data', 'mesh')
  const parsed = parseText(path, text, { decode: (value) => value })
  if (!parsed.ok) return { ok: false, message: parsed.issues.map(formatIssue).join('; ') }
  const decoded = decodeMeshConfig(parsed.items[0]?.read)
  if (!decoded.ok) return { ok: false, message: `${path} data.mesh: ${decoded.issues.map(formatIssue).join('; ')}` }
  return { ok: true, options: withMeshConfig(base, decoded.value, { path, flags: [] }).options }
}
