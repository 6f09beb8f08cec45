import * as s from '../../lib/schema.ts'
import { type KindDecoder } from './kind.ts'
import type { Metadata } from './metadata.ts'

/** A Pod (core/v1): who runs at an address, and whether ztunnel or the Pod itself takes HBONE there. */
export interface PodObject {
  readonly kind: 'Pod'
  readonly metadata: Metadata
  /** Default `default`. */
  readonly serviceAccount: string
  /** `status.podIPs` and `status.podIP`, as written. */
  readonly addresses: readonly string[]
}

// A Pod has hundreds of fields that are nobody's business here: only these four are looked at.
const schema = s.object(
  {
    spec: s.withDefault(
      s.object(
        { serviceAccountName: s.optional(s.string()), serviceAccount: s.optional(s.string()) },
        { unknownFields: 'ignore' },
      ),
      {},
    ),
    status: s.withDefault(
      s.object(
        {
          podIP: s.optional(s.string()),
          podIPs: s.withDefault(s.array(s.object({ ip: s.optional(s.string()) }, { unknownFields: 'ignore' })), []),
        },
        { unknownFields: 'ignore' },
      ),
      { podIPs: [] },
    ),
  },
  { unknownFields: 'ignore' },
)

/** Reads a Pod. */
export const decodePod: KindDecoder<PodObject> = ({ body, metadata }) => {
  const decoded = schema.decode(body, '')
  if (!decoded.ok) return decoded
  const { spec, status } = decoded.value
  const written = [status.podIP, ...status.podIPs.map((entry) => entry.ip)]
  const addresses = [...new Set(written.filter((ip) => ip !== undefined && ip !== ''))]
  // The API server copies the old name of the field into the new one; files may have either, or neither.
  const serviceAccount = [spec.serviceAccountName, spec.serviceAccount].find(
    (name) => name !== undefined && name !== '',
  )
  return {
    ok: true,
    value: {
      kind: 'Pod',
      metadata,
      serviceAccount: serviceAccount ?? 'default',
      addresses: addresses.filter((ip) => ip !== undefined),
    },
  }
}
