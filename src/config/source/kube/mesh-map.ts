import type { Issue } from '../../../lib/decoded.ts'
import { isPlainObject } from '../../../lib/schema.ts'
import type { KubeJson } from '../../../kube/client.ts'
import { decodeMeshConfig } from '../../objects/mesh-config/mesh-config.ts'
import type { MeshFile } from '../mesh-file.ts'

/** What the ConfigMap is called in which Istio keeps its MeshConfig. */
export const MESH_MAP = 'istio'

/** What Istio's ConfigMap in that namespace says; without one there is no Istio, and nothing that it would say. */
export const readMeshMap = async (object: KubeJson | undefined, namespace: string): Promise<MeshFile> => {
  const called = `ConfigMap ${namespace}/${MESH_MAP}`
  if (object === undefined) return decode({}, called)
  const { data } = object
  const text = isPlainObject(data) ? data['mesh'] : undefined
  if (typeof text !== 'string') return refuse([{ message: 'is missing', path: 'data.mesh', found: 'nothing' }], called)
  // Few clusters are without Istio, but those need no parser.
  const { parseText } = await import('../parse-text.ts')
  const parsed = parseText(called, text, { decode: (value) => ({ value }) })
  if (!parsed.ok) return refuse(parsed.issues, called)
  return decode(parsed.items[0]?.read.value ?? {}, called)
}

const decode = (value: unknown, called: string): MeshFile => {
  const decoded = decodeMeshConfig(value)
  if (!decoded.ok) return refuse(decoded.issues, called)
  return { ok: true, ...decoded.value, faults: placed(decoded.value.faults, called) }
}

const refuse = (issues: readonly Issue[], called: string): MeshFile => ({ ok: false, issues: placed(issues, called) })

/** There is no file to point into. */
const placed = (issues: readonly Issue[], called: string): readonly Issue[] =>
  issues.map(({ position: _position, ...issue }) => ({ ...issue, object: called }))
