import * as s from '../../lib/schema.ts'
import { type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'

/** A Pod (core/v1): who runs at an address, and whether ztunnel or the Pod itself takes HBONE there. */
export interface PodObject {
  readonly kind: 'Pod'
  readonly metadata: Metadata
  /** Default `default`. */
  readonly serviceAccount: string
  /** `status.podIPs` and `status.podIP`, as written; none once it has ended, when they may be another's. */
  readonly addresses: readonly string[]
  /** There when its addresses are the node's (`spec.hostNetwork`). */
  readonly isOnHostNetwork?: true
  /** There when it says that it is not (condition `Ready`). */
  readonly isUnready?: true
  /** There once it is being deleted. */
  readonly isTerminating?: true
}

const condition = s.object(
  { type: s.optional(s.string()), status: s.optional(s.string()) },
  { unknownFields: 'ignore' },
)

// A Pod has hundreds of fields that are nobody's business here: only these few are looked at.
const schema = s.object(
  {
    spec: s.withDefault(
      s.object(
        {
          serviceAccountName: s.optional(s.string()),
          serviceAccount: s.optional(s.string()),
          hostNetwork: s.optional(s.boolean()),
        },
        { unknownFields: 'ignore' },
      ),
      {},
    ),
    status: s.withDefault(
      s.object(
        {
          phase: s.optional(s.string()),
          podIP: s.optional(s.string()),
          podIPs: s.withDefault(s.array(s.object({ ip: s.optional(s.string()) }, { unknownFields: 'ignore' })), []),
          conditions: s.withDefault(s.array(condition), []),
        },
        { unknownFields: 'ignore' },
      ),
      { podIPs: [], conditions: [] },
    ),
  },
  { unknownFields: 'ignore' },
)

/** Reads a Pod. */
export const decodePod: KindDecoder<PodObject> = ({ body, metadata }) => {
  const decoded = schema.decode(body, '')
  if (!decoded.ok) return decoded
  const { spec, status } = decoded.value
  const isOver = status.phase === 'Succeeded' || status.phase === 'Failed'
  const written = isOver ? [] : [status.podIP, ...status.podIPs.map((entry) => entry.ip)]
  const addresses = [...new Set(written.filter((ip) => ip !== undefined && ip !== ''))]
  // The API server copies the old name of the field into the new one; files may have either, or neither.
  const serviceAccount = [spec.serviceAccountName, spec.serviceAccount].find(
    (name) => name !== undefined && name !== '',
  )
  const isUnready = status.conditions.some((one) => one.type === 'Ready' && one.status !== 'True')
  const about = body['metadata']
  const isTerminating = s.isPlainObject(about) && (about['deletionTimestamp'] ?? undefined) !== undefined
  return {
    ok: true,
    value: {
      kind: 'Pod',
      metadata,
      serviceAccount: serviceAccount ?? 'default',
      addresses: addresses.filter((ip) => ip !== undefined),
      ...(spec.hostNetwork === true ? { isOnHostNetwork: true } : {}),
      ...(isUnready ? { isUnready } : {}),
      ...(isTerminating ? { isTerminating } : {}),
    },
  }
}
