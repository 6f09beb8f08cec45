/** Istio's tags of who talks to whom (waypoint contract 6.5), which Kiali reads, and the principals. */
import type { Source } from '../../../filter/record.ts'
import type { Endpoint } from '../../../model/endpoint.ts'
import type { TakeTag } from './span-tags.ts'

/** Tags of a span, or parts of them. */
export type Tags = Readonly<Record<string, string | number | boolean>>

/** Of the client. */
export const istioSourceTags = (source: Source, take: TakeTag): void =>
  putPeer('source', { ...source, name: source.workload, identity: source.principal }, take)

/** Of the workload behind an endpoint. */
export const istioEndpointTags = ({ workload, identity }: Endpoint, take: TakeTag): void =>
  putPeer('destination', { ...workload, identity }, take)

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

const putPeer = (side: 'source' | 'destination', peer: Peer, take: TakeTag): void => {
  const put = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') take(`istio.${side}_${name}`, value)
  }
  put('workload', peer.name)
  put('namespace', peer.namespace)
  put('cluster_id', peer.cluster)
  put('canonical_service', peer.canonicalName)
  put('canonical_revision', peer.canonicalRevision)
  put('app', peer.app)
  put('app_version', peer.version)
  put('principal', peer.identity)
}
