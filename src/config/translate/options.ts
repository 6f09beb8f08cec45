import type { SourcePosition } from '../../lib/decoded.ts'
import type { PathNormalization } from '../../model/model.ts'
import type { EntryVisibilities } from '../objects/mesh-config/entry-visibility.ts'
import type { MeshTelemetry } from '../objects/mesh-config/mesh-telemetry.ts'
import type { MeshProvider } from '../objects/mesh-config/provider.ts'
import type { ReadBrief, ReadObject } from '../objects/read-object.ts'

/** What the objects themselves do not say. */
export interface TranslateOptions {
  /** Which Gateway this process is; default: the only one with an HBONE listener. */
  readonly gateway?: { readonly namespace: string; readonly name: string }
  /** `cluster.local` */
  readonly clusterDomain: string
  /** The trust domain of the endpoints' identities. */
  readonly trustDomain: string
  /** Others whose identities count as the same in policies. */
  readonly trustDomainAliases?: readonly string[]
  /** Nobody has said what the mesh's trust domain is: what names another one is not told of. */
  readonly isTrustDomainAssumed?: boolean
  /** Policies in this namespace hold for the whole mesh (`istio-system`). */
  readonly rootNamespace: string
  readonly pathNormalization: PathNormalization
  /** What the MeshConfig says beside, where there is one (`--mesh-config`), and where it stands. */
  readonly mesh?: {
    readonly source: string
    readonly providers: readonly MeshProvider[]
    readonly telemetry: MeshTelemetry
    /** Absent: ServiceEntries are seen as they say themselves. */
    readonly entryVisibility?: EntryVisibilities
    /** Repetitions of requests where a route says nothing of them; absent: the proxy's own default. */
    readonly defaultRepeats?: number
  }
  /** Where this process runs, as EndpointSlices call it (`topology.kubernetes.io/zone`); default: not known. */
  readonly zone?: string
  /** The node that it runs on. */
  readonly node?: string
  /** Nothing is sent to loopback and link-local addresses of EndpointSlices. Default: it is, for all may be on one machine. */
  readonly refusesLocal?: boolean
  /** A Pod that EndpointSlices name and that is not among the objects is gone, or not seen yet. Default: nothing is known of it. */
  readonly knowsPods?: boolean
  /** Named in metrics as the cluster of the workloads. */
  readonly clusterId?: string
}

/** An object and where it stands; another one as soon as either is another. */
export interface SourcedObject {
  readonly read: ReadObject
  /** There when `read` is made anew whenever nobody has it any more, so that the source is what stays the same. */
  readonly brief?: ReadBrief | undefined
  /** The position of a field (or of the nearest field around it) by its path. */
  locate(path: string): SourcePosition | undefined
}
