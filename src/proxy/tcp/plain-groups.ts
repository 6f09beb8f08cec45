import type { EndpointGroup } from '../../snapshot/snapshot.ts'

/**
 * Endpoint groups without the TLS that a policy has for them: for connections that are TLS from the client on, into which
 * no second one belongs. A group has one such twin as long as it lives, so that the state of picking goes with it.
 */
export class PlainGroups {
  readonly #twins = new WeakMap<EndpointGroup, EndpointGroup>()

  of(group: EndpointGroup): EndpointGroup {
    if (group.tls === undefined) return group
    const known = this.#twins.get(group)
    if (known !== undefined) return known
    const { tls: _tls, ...twin } = group
    this.#twins.set(group, twin)
    return twin
  }
}
