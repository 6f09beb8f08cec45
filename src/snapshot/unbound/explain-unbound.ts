import type { Model } from '../../model/model.ts'
import type { Service } from '../../model/service.ts'
import { canonicalAuthority } from '../resolve.ts'

/** Why nothing of this waypoint has an address, one line each: as far as its own Services can tell. */
export const explainUnbound = (model: Model, authority: string): readonly string[] => {
  const first = `nothing bound to this waypoint has the address ${authority}: CONNECT is refused with 404`
  if (model.gateway === undefined) return [first, 'there is no Gateway here, so that nothing is bound to it']
  const service = findService(model, authority)
  if (service === undefined) return [first]
  const ports = service.ports.map(({ port }) => port).join(', ')
  return [first, `Service ${service.key} has no such port, but ${ports === '' ? 'none at all' : ports}`]
}

/** By name or address, whatever the port. */
const findService = ({ services }: Model, authority: string): Service | undefined => {
  const host = canonicalAuthority(authority)
    ?.replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
  return services.find(
    ({ hostname, addresses }) => host !== undefined && (hostname === host || addresses.includes(host)),
  )
}
