import type { Reading } from './reading.ts'
import type { ServerFacts } from './server-facts.ts'

/** What was read, before anything is made of it. */
export interface MeshInput {
  readonly server: ServerFacts
  /** By kind. One that is missing was not asked for. */
  readonly readings: ReadonlyMap<string, Reading>
  /** Which versions of which kinds the server has: `KIND.GROUP` to `v1`, `v1beta1`. */
  readonly served: ReadonlyMap<string, readonly string[]>
  /** Time as the cluster has it. */
  readonly nowMs: number
  /** Namespaces that are asked about; `undefined`: all. */
  readonly scope: readonly string[] | undefined
  readonly settings: MeshSettings
}

/** What cannot be seen in a cluster. */
export interface MeshSettings {
  /** Where istiod and its MeshConfig are. */
  readonly istioNamespace: string
  readonly clusterDomain: string
  /** This program's version. */
  readonly version: string
}
