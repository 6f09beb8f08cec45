import type { Condition } from '../../../model/condition.ts'
import type { EndpointSliceObject } from '../../objects/endpoint-slice.ts'
import type { Entry } from '../catalog.ts'
import { conditionOf } from '../conditions.ts'
import { meaningOfLocal } from '../entry/local-address.ts'

/** What is to be said of slices that give fewer endpoints than they seem to, which otherwise shows only as a 503 far away. */
export const sliceConditions = (
  entries: readonly Entry<EndpointSliceObject>[],
  { refusesLocal }: { readonly refusesLocal: boolean },
): readonly Condition[] =>
  entries.flatMap((entry) => {
    const fault = faultOf(entry.object, refusesLocal)
    if (fault === undefined) return []
    return [conditionOf(entry, { type: 'Accepted', status: 'False', reason: 'UnsupportedValue', ...fault })]
  })

const faultOf = (
  { metadata, addressType, endpoints }: EndpointSliceObject,
  refusesLocal: boolean,
): { readonly message: string; readonly path: string } | undefined => {
  if (metadata.labels['kubernetes.io/service-name'] === undefined) {
    const message = 'label kubernetes.io/service-name is missing: the slice belongs to no Service'
    return { message, path: 'metadata.labels' }
  }
  if (addressType === 'FQDN') {
    return { message: 'endpoints of address type FQDN are not supported', path: 'addressType' }
  }
  if (!refusesLocal) return undefined
  for (const [i, { addresses }] of endpoints.entries()) {
    for (const address of addresses) {
      const meaning = meaningOfLocal(address)
      if (meaning === undefined) continue
      return { message: `nothing is sent to ${address}, which is ${meaning}`, path: `endpoints[${i}].addresses` }
    }
  }
  return undefined
}
