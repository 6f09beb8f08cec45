import type { Issue } from '../../../lib/decoded.ts'
import { isPlainObject } from '../../../lib/schema.ts'
import type { KubeJson } from '../../../kube/client.ts'
import { decodeMeshConfig } from '../../objects/mesh-config/mesh-config.ts'
import type { MeshFile } from '../mesh-file.ts'

/** Where Istio keeps its MeshConfig. */
export const meshMap = { namespace: 'istio-system', name: 'istio' }

/** How messages call it. */
export const meshMapName = `ConfigMap ${meshMap.namespace}/${meshMap.name}`

/** What Istio's ConfigMap says; without one there is no Istio, and nothing that it would say. */
export const readMeshMap = async (object: KubeJson | undefined): Promise<MeshFile> => {
  if (object === undefined) return decode({})
  const { data } = object
  const text = isPlainObject(data) ? data['mesh'] : undefined
  if (typeof text !== 'string') return refuse([{ message: 'is missing', path: 'data.mesh', found: 'nothing' }])
  // Few clusters are without Istio, but those need no parser.
  const { parseText } = await import('../parse-text.ts')
  const parsed = parseText(meshMapName, text, { decode: (value) => ({ value }) })
  if (!parsed.ok) return refuse(parsed.issues)
  return decode(parsed.items[0]?.read.value ?? {})
}

const decode = (value: unknown): MeshFile => {
  const decoded = decodeMeshConfig(value)
  return decoded.ok ? { ok: true, ...decoded.value } : refuse(decoded.issues)
}

/** There is no file to point into. */
const refuse = (issues: readonly Issue[]): MeshFile => ({
  ok: false,
  issues: issues.map(({ position: _position, ...issue }) => ({ ...issue, object: meshMapName })),
})
