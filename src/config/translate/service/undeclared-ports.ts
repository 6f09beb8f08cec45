import type { ServiceObject, ServicePortObject } from '../../objects/service.ts'
import { protocolOf } from './port-protocol.ts'

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
  const more = found.length - SHOWN
  const names = `${found.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  return found.length === 1 ? `port ${names} declares no protocol` : `ports ${names} declare no protocol`
}
