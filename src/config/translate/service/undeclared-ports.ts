import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import { protocolOf } from './port-protocol.ts'
import { nameSome } from '../../../lib/lists/name-some.ts'

/** How many are named before they are only counted. */
const SHOWN = 5

/**
 * Names the ports that do not say what is spoken there, where a waypoint looks at what comes: HTTP is HTTP, and TLS is
 * carried as bytes. `undefined` when there is none.
 */
export const formatUndeclared = (
  services: readonly { readonly service: ServiceObject; readonly ports: readonly ServicePortObject[] }[],
): string | undefined => {
  const found = services.flatMap(({ service: { metadata }, ports }) =>
    ports
      .filter((port) => protocolOf(port) === 'unknown')
      .map(({ port }) => `${metadata.namespace}/${metadata.name}:${port}`),
  )
  if (found.length === 0) return undefined
  const names = nameSome(found, SHOWN)
  return found.length === 1 ? `port ${names} declares no protocol` : `ports ${names} declare no protocol`
}
