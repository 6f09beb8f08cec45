import { listAt, textAt, type LiveObject } from '../../../controller/manifest.ts'
import { LEASE_NAME } from '../../../controller/roles/controller-roles.ts'
import { namespaceOf, nameOf, numberAt } from '../look/live.ts'
import type { Mesh } from '../mesh/mesh.ts'

/** A Lease by which a controller leads, and what is known of who holds it. */
export interface ControllerPlace {
  readonly lease: LiveObject
  readonly namespace: string
  /** As it calls itself; empty: nobody. */
  readonly holder: string
  /** The holder's Pod, where it is one. */
  readonly pod: LiveObject | undefined
  /** Since its last renewal, by the API server's clock. */
  readonly silentMs: number
  readonly leaseMs: number
}

/** Every Lease of a controller, whoever is silent for the shortest time first. */
export const controllerPlaces = (mesh: Mesh): readonly ControllerPlace[] =>
  mesh
    .all('Lease')
    .filter((lease) => nameOf(lease) === LEASE_NAME)
    .map((lease) => placeOf(mesh, lease))
    .toSorted((a, b) => a.silentMs - b.silentMs)

const placeOf = (mesh: Mesh, lease: LiveObject): ControllerPlace => {
  const namespace = namespaceOf(lease)
  const holder = textAt(lease, 'spec', 'holderIdentity')
  const renewed = Date.parse(textAt(lease, 'spec', 'renewTime'))
  return {
    lease,
    namespace,
    holder,
    // An identity is the name of the Pod, and something that makes it one of its own.
    pod: mesh.get('Pod', namespace, holder.replace(/_[^_]*$/, '')),
    silentMs: Number.isNaN(renewed) ? Infinity : mesh.nowMs - renewed,
    leaseMs: numberAt(lease, ['spec', 'leaseDurationSeconds'], 15) * 1000,
  }
}

/** What of a version says whether two get along: before 1.0 the second number is as the first is later. */
export const lineOf = (version: string): string => version.split('.').slice(0, 2).join('.')

/** The version in the tag of an image of ours: `1.2.3`; `undefined` where the tag is none. */
export const imageVersionOf = (podSpec: unknown): string | undefined => {
  for (const container of listAt(podSpec, 'containers')) {
    const [, version] = /:v?(\d+\.\d+\.\d+[^@]*)(?:@.*)?$/.exec(textAt(container, 'image')) ?? []
    if (version !== undefined) return version
  }
  return undefined
}
