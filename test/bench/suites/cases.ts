/** A case of the `hbone` suite. */
export interface HboneCase {
  /** `<in>-<out>-<client connections>x<tunnels each>` */
  readonly name: string
  readonly out: 'hbone' | 'plain' | 'direct'
  readonly connections: number
  readonly tunnels: number
  /** Pods that requests go to in turn; each is one outgoing HBONE connection, or a pool of plaintext ones. */
  readonly destinations: number
  readonly hasPeers: boolean
}

/**
 * What a waypoint meets: one busy client pod, a few, many that send one request each (to several pods), and one
 * request at a time. `direct` has no proxy: the destinations alone, which shows what generator and method can do.
 */
export const hboneCases: readonly HboneCase[] = [
  hboneCase('hbone', 1, 64, { destinations: 1, hasPeers: true }),
  hboneCase('hbone', 8, 8, { destinations: 1, hasPeers: true }),
  hboneCase('hbone', 64, 1, { destinations: 16, hasPeers: true }),
  hboneCase('hbone', 1, 1, { destinations: 1, hasPeers: true }),
  hboneCase('plain', 1, 64, { destinations: 1, hasPeers: false }),
  hboneCase('direct', 1, 64, { destinations: 1, hasPeers: false }),
  hboneCase('direct', 64, 1, { destinations: 1, hasPeers: false }),
]

function hboneCase(
  out: HboneCase['out'],
  connections: number,
  tunnels: number,
  rest: Pick<HboneCase, 'destinations' | 'hasPeers'>,
): HboneCase {
  return { name: `hbone-${out}-${connections}x${tunnels}`, out, connections, tunnels, ...rest }
}
