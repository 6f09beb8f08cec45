import { refusalOfEgress } from '../proxy/filter-calls/egress.ts'
import { usageError, type FlagTable } from './arguments.ts'

/** What filters of users may do. */
export const filterFlags = {
  'filter-egress': {
    type: 'string',
    value: 'HOST,…',
    help: 'hosts outside of the mesh that filters may call, over TLS: api.example.com, *.example.com, HOST:PORT; default none',
  },
} as const satisfies FlagTable

/** Reads them; throws a usage error. */
export const decodeFilterFlags = (flags: {
  readonly 'filter-egress'?: string | undefined
}): { readonly filterEgress: readonly string[] } => ({ filterEgress: decodeEgress(flags['filter-egress']) })

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
