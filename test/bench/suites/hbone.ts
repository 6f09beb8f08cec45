/** The suite `hbone`: keep-alive GET with answers of 1 KB, one route and one header filter. */
import { PATH_PREFIX } from '../proxies/traffic.ts'
import { formatRequest } from './mesh-case.ts'
import type { CaseLoad, MeshCase, MeshSuite } from './mesh-case.ts'

const BODY_BYTES = 1024

const load: CaseLoad = { request: formatRequest(`GET ${PATH_PREFIX}/v1/items?page=3`), bodyBytes: BODY_BYTES }

const hboneCase = (
  out: MeshCase['out'],
  connections: number,
  tunnels: number,
  rest: Pick<MeshCase, 'destinations' | 'peers'>,
): MeshCase => ({ name: `hbone-${out}-${connections}x${tunnels}`, out, connections, tunnels, ...rest, load })

/**
 * What a waypoint meets: one busy client pod, a few, many that send one request each (to several pods), and one
 * request at a time. `direct` has no proxy: the destinations alone, which shows what generator and method can do.
 */
export const hboneSuite: MeshSuite = {
  name: 'hbone',
  traffic: 'http',
  backendBytes: BODY_BYTES,
  cases: [
    hboneCase('hbone', 1, 64, { destinations: 1, peers: 'both' }),
    hboneCase('hbone', 8, 8, { destinations: 1, peers: 'both' }),
    hboneCase('hbone', 64, 1, { destinations: 16, peers: 'both' }),
    hboneCase('hbone', 1, 1, { destinations: 1, peers: 'both' }),
    hboneCase('plain', 1, 64, { destinations: 1, peers: 'none' }),
    hboneCase('direct', 1, 64, { destinations: 1, peers: 'none' }),
    hboneCase('direct', 64, 1, { destinations: 1, peers: 'none' }),
  ],
}
