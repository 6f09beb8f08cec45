import { decodeSpec, type KindDecoder } from '../kind.ts'
import type { Metadata } from '../metadata.ts'
import { entryEndpoint, type EntryEndpoint } from './service-entry.ts'

/** A WorkloadEntry (networking.istio.io/v1): a workload that is no Pod, as an endpoint of the ServiceEntries that select it. */
export interface WorkloadEntryObject {
  readonly kind: 'WorkloadEntry'
  readonly metadata: Metadata
  /** What it says of itself; its labels are those of both places, where they differ those of `metadata` (Istio has it so). */
  readonly endpoint: EntryEndpoint
}

/** Reads a WorkloadEntry. */
export const decodeWorkloadEntry: KindDecoder<WorkloadEntryObject> = (input) => {
  const decoded = decodeSpec(input, entryEndpoint)
  if (!decoded.ok) return decoded
  const { metadata } = input
  const endpoint = { ...decoded.value, labels: { ...decoded.value.labels, ...metadata.labels } }
  return { ok: true, value: { kind: 'WorkloadEntry', metadata, endpoint } }
}
