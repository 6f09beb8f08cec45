import { textAt, valueAt, type LiveObject } from '../../../../controller/manifest.ts'
import { isSelected, labelsOf, namespaceOf } from '../live.ts'
import type { Mesh } from '../../mesh/mesh.ts'

/**
 * Whether a Pod takes what comes in plaintext to a port of it: unless a PeerAuthentication says STRICT. The narrowest that
 * says anything counts: by labels, of the namespace, of the mesh (waypoint contract 2.3).
 */
export const takesPlaintext = (mesh: Mesh, pod: LiveObject, port: number): boolean => {
  const { rootNamespace } = mesh.facts.options
  const all = mesh.all('PeerAuthentication')
  const hasSelector = (one: LiveObject): boolean => valueAt(one, 'spec', 'selector', 'matchLabels') !== undefined
  const own = all.filter((one) => namespaceOf(one) === namespaceOf(pod))
  const ranked = [
    ...own.filter((one) => hasSelector(one) && isSelected(valueAt(one, 'spec', 'selector'), labelsOf(pod))),
    ...own.filter((one) => !hasSelector(one)),
    ...all.filter((one) => namespaceOf(one) === rootNamespace && !hasSelector(one)),
  ]
  for (const one of ranked) {
    const ofPort = textAt(one, 'spec', 'portLevelMtls', String(port), 'mode')
    const mode = isSaid(ofPort) ? ofPort : textAt(one, 'spec', 'mtls', 'mode')
    if (isSaid(mode)) return mode !== 'STRICT'
  }
  return true
}

const isSaid = (mode: string): boolean => mode !== '' && mode !== 'UNSET'
