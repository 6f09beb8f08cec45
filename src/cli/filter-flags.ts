import { statSync } from 'node:fs'
import { resolve as resolvePath } from 'node:path'
import type { WaypointOptions } from '../app/options.ts'
import { refusalOfEgress } from '../proxy/filter-calls/egress.ts'
import { decodeChoice, usageError, type FlagTable } from './arguments.ts'

/** What filters of users may do. */
export const filterFlags = {
  filters: { type: 'string', value: 'DIR', help: 'the folder of your filters: the modules that Filters name; watched' },
  'filter-isolation': {
    type: 'string',
    value: 'none|thread',
    default: 'none',
    help: 'thread: each filter in a thread of its own; default none: as its object asks',
  },
  'filter-egress': {
    type: 'string',
    value: 'HOST,…',
    help: 'hosts outside of the mesh that filters may call, over TLS: api.example.com, *.example.com, HOST:PORT; default none',
  },
} as const satisfies FlagTable

/** Reads them; throws a usage error. */
export const decodeFilterFlags = (
  flags: {
    readonly filters?: string | undefined
    readonly 'filter-isolation': string
    readonly 'filter-egress'?: string | undefined
  },
  cwd: string,
): Pick<WaypointOptions, 'filtersDir' | 'filterIsolation' | 'filterEgress'> => ({
  filtersDir: decodeFiltersDir(flags.filters, cwd),
  filterIsolation: decodeChoice('filter-isolation', flags['filter-isolation'], ['none', 'thread']),
  filterEgress: decodeEgress(flags['filter-egress']),
})

/** The folder that `--filters` names; throws a usage error when there is none. */
export const decodeFiltersDir = (written: string | undefined, cwd: string): string | undefined => {
  if (written === undefined) return undefined
  const path = resolvePath(cwd, written)
  if (isFolder(path)) return path
  throw usageError(
    `--filters ${written}: there is no such folder`,
    'name the folder that the modules of your filters are in',
  )
}

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory()
  } catch {
    // Not there, or nothing that may be looked at: a circle of links, a folder of somebody else.
    return false
  }
}

const decodeEgress = (text: string | undefined): readonly string[] => {
  if (text === undefined) return []
  const entries = text.split(',').map((entry) => entry.trim())
  for (const entry of entries) {
    const refusal = refusalOfEgress(entry)
    if (refusal === undefined) continue
    throw usageError(
      `--filter-egress ${JSON.stringify(entry)} is no host`,
      'write api.example.com or *.example.com, with :PORT unless it is 443',
    )
  }
  return entries
}
