import type { Source } from '../../filter/record.ts'
import type { Endpoint } from '../../model/endpoint.ts'

/** Tags of a span, or parts of them. */
export type Tags = Readonly<Record<string, string | number | boolean>>

/**
 * Istio's tags of who talks to whom (waypoint contract 6.5), which Kiali reads, and the principals. Both are made once for
 * each source and endpoint.
 */
export class PeerTags {
  readonly #sources = new WeakMap<Source, Tags>()
  readonly #endpoints = new WeakMap<Endpoint, Tags>()

  ofSource(source: Source): Tags {
    const known = this.#sources.get(source)
    if (known !== undefined) return known
    const tags = peerTags('source', {
      ...source,
      name: source.workload,
      identity: source.principal,
    })
    this.#sources.set(source, tags)
    return tags
  }

  ofEndpoint(endpoint: Endpoint): Tags {
    const known = this.#endpoints.get(endpoint)
    if (known !== undefined) return known
    const tags = peerTags('destination', { ...endpoint.workload, identity: endpoint.identity })
    this.#endpoints.set(endpoint, tags)
    return tags
  }
}

interface Peer {
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly cluster?: string | undefined
  readonly canonicalName?: string | undefined
  readonly canonicalRevision?: string | undefined
  readonly app?: string | undefined
  readonly version?: string | undefined
  readonly identity?: string | undefined
}

const peerTags = (side: 'source' | 'destination', peer: Peer): Tags => {
  const tags: Record<string, string> = {}
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') tags[`istio.${side}_${name}`] = value
  }
  put('workload', peer.name)
  put('namespace', peer.namespace)
  put('cluster_id', peer.cluster)
  put('canonical_service', peer.canonicalName)
  put('canonical_revision', peer.canonicalRevision)
  put('app', peer.app)
  put('app_version', peer.version)
  put('principal', peer.identity)
  return tags
}
