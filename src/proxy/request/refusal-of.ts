import type { RequestView } from '../../filter/index.ts'
import { normalizePath } from '../../http/path.ts'
import type { Frontend, Snapshot } from '../../snapshot/snapshot.ts'
import * as local from '../response/local-reply.ts'
import type { LocalReply } from '../response/local-reply.ts'

/** Why nobody need be asked about a request. The path is normalised by this, for everything that comes after it. */
export const refusalOf = (
  request: RequestView,
  frontend: Frontend | undefined,
  { pathNormalization }: Snapshot,
): LocalReply | undefined => {
  if (request.method === 'CONNECT') return local.methodNotAllowed
  const path = normalizePath(request.path, pathNormalization)
  if (path === undefined) return local.badPath
  request.path = path
  if (frontend === undefined) return local.unboundService
  return frontend.closed === undefined ? undefined : local.closedBy(503, frontend.closed)
}
