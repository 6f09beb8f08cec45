import type { FlaggedFlows } from '../telemetry/flow/flow-log.ts'
import type { FlaggedLog } from '../telemetry/log/access-logs.ts'
import type { IstiodSettings } from '../identity/ca/istiod-settings.ts'
import type { Deadlines } from '../proxy/limits/deadlines.ts'
import type { OverloadLimits } from '../proxy/overload/overload.ts'
import type { LogLevel } from '../lib/log.ts'
import type { MeshSource } from '../config/mesh-options.ts'
import type { ObjectPlace } from '../config/source/open-object-source.ts'
import type { TranslateOptions } from '../config/translate/options.ts'
import type { TracingSettings } from '../telemetry/traces/tracing-settings.ts'
import type { PathNormalization } from '../model/model.ts'

/** All that `fairway run` can be told; the flags of the command line, decoded. */
export interface WaypointOptions {
  /** Where objects are. */
  readonly place: ObjectPlace
  /** Which Gateway this process is; default: the only one with an HBONE listener among the files. */
  readonly gateway: { readonly namespace: string; readonly name: string } | undefined
  readonly ca: CaOptions
  /** Ours first, then aliases. */
  readonly trustDomains: readonly [string, ...string[]]
  /** No flag says so: these are the default. */
  readonly isTrustDomainDefault?: boolean
  readonly clusterDomain: string
  readonly pathNormalization: PathNormalization
  /** Where Istio's MeshConfig is, and which flags win over it. */
  readonly mesh: MeshSource | undefined
  /** Where this process runs, for Services that prefer what is near; `undefined`: not known. */
  readonly zone: string | undefined
  readonly node: string | undefined
  readonly tlsGroups: string | undefined
  readonly bind: string
  readonly ports: { readonly hbone: number; readonly ready: number; readonly metrics: number; readonly admin: number }
  readonly workers: number
  /** The folder of the users' filters. */
  readonly filtersDir: string | undefined
  /** `thread`: each of them runs in a thread of its own, whatever its object asks for. */
  readonly filterIsolation: 'none' | 'thread'
  /** The access log that flags ask for; absent: none. */
  readonly accessLog: FlaggedLog | undefined
  /** Flow records; absent: none. */
  readonly flowLog: FlaggedFlows | undefined
  /** Which share of the requests that policies allow has its decision logged, beside all that are denied. */
  readonly authzLog: number | 'off'
  readonly tracing: TracingOptions
  readonly logLevel: LogLevel
  readonly drainMs: number
  readonly deadlines: Deadlines
  readonly overload: OverloadLimits
  /** Hosts outside of the mesh that filters may call. */
  readonly filterEgress: readonly string[]
}

/** Who is told of traces, and how many there are, where no Telemetry object says so. */
export type TracingOptions = Pick<TracingSettings, 'defaults' | 'collector' | 'reportDelayMs'>

/** Where the certificate comes from (`--ca`). */
export type CaOptions =
  | { readonly kind: 'dev'; readonly stateDir: string }
  | { readonly kind: 'files'; readonly dir: string }
  | ({ readonly kind: 'istiod' } & IstiodSettings)
  | {
      readonly kind: 'spire'
      /** Path of the Workload API's Unix socket. */
      readonly socketPath: string
      /** Which of the agent's identities; default: the first that fits. */
      readonly hint: string | undefined
    }

/** The part of the options that decides what objects come to. */
export type MeshOptions = Pick<
  WaypointOptions,
  'gateway' | 'clusterDomain' | 'trustDomains' | 'isTrustDomainDefault' | 'pathNormalization' | 'mesh' | 'zone' | 'node'
>

/** What holds where the objects are all that a cluster has. */
export const ofCluster: Pick<TranslateOptions, 'refusesLocal' | 'knowsPods'> = { refusesLocal: true, knowsPods: true }

/** What `translate` is told, by whoever reads the same objects: the data plane, and the verbs that look at files. */
export const translateOptionsOf = (options: MeshOptions): TranslateOptions => ({
  ...(options.gateway === undefined ? {} : { gateway: options.gateway }),
  clusterDomain: options.clusterDomain,
  trustDomain: options.trustDomains[0],
  trustDomainAliases: options.trustDomains.slice(1),
  rootNamespace: 'istio-system',
  pathNormalization: options.pathNormalization,
  ...(options.zone === undefined ? {} : { zone: options.zone }),
  ...(options.node === undefined ? {} : { node: options.node }),
})
