import type { FilterCommand } from 'fairway/filter'
import { readUri } from './memory/cache-key.ts'
import type { CacheParts } from './parts.ts'

const KNOWN: ReadonlySet<string> = new Set(['host', 'path', 'prefix', 'all'])

/**
 * `purge`: forgets what is stored for a `path` (with all its queries, unless it has one), or all paths that begin with
 * `prefix`, of one `host` or of all; or all there is. What is on its way is not stored either. How many responses that were.
 */
export const purge = (
  { command, parameters }: FilterCommand,
  { store, flights }: Pick<CacheParts, 'store' | 'flights'>,
): { readonly forgotten: number; readonly left: number } => {
  if (command !== 'purge') throw new Error(`${command}: a ResponseCache takes purge`)
  const unknown = Object.keys(parameters).find((name) => !KNOWN.has(name))
  const { host, path, prefix, all } = parameters
  const isAll = path === undefined && prefix === undefined
  if (unknown !== undefined) throw new Error(`${unknown}: purge takes path, prefix and host, or all=true`)
  if (isAll && host === undefined && all !== 'true') throw new Error('purge what? path, prefix or host, or all=true')
  const isMeant = (uri: string): boolean => {
    const read = readUri(uri)
    if (host !== undefined && read.host !== host.toLowerCase()) return false
    if (path !== undefined && read.target !== path && read.path !== path) return false
    return prefix === undefined || read.target.startsWith(prefix)
  }
  const forgotten = store.invalidateWhere(isMeant)
  flights.voidWhere(isMeant)
  return { forgotten, left: store.size }
}
