import type { LoadMode } from '../load/plan.ts'
import type { RuleKind } from './policies.ts'
import type { Traffic } from './traffic.ts'

/** What is measured, by the name it has in the report. */
export type ProxyName = 'fairway' | 'nginx-tls' | 'nginx-plain' | 'haproxy' | 'direct'

/** A proxy that runs and is ready. */
export interface RunningProxy {
  readonly name: ProxyName
  readonly version: string
  readonly mode: LoadMode
  readonly host: string
  readonly port: number
  /** CPU time and memory of this process and its descendants are the proxy's. */
  readonly pid: number
  /** Fairway only: `ADDRESS:PORT` of readiness, metrics and admin API. */
  readonly addresses?: { readonly ready: string; readonly metrics: string; readonly admin: string }
  readonly stop: () => Promise<void>
}

/** Where the proxy's upstreams are: one of `addresses` per destination. */
export interface Upstreams {
  readonly addresses: readonly string[]
  readonly hbonePort: number
  readonly httpPort: number
  readonly httpsPort: number
  /** Fairway only: whether destinations are reached by HBONE or in plaintext. */
  readonly isHbone: boolean
  /** What goes there; default `http`. */
  readonly traffic?: Traffic
  /** Fairway only: how many routes the Service has; default 1. Requests go to the first one. */
  readonly routes?: number
  /** Fairway only: how many AuthorizationPolicies there are, see `policiesOf`; default none. */
  readonly policies?: number
  /** Fairway only: whether routes have five filters, and not one. */
  readonly hasFiveFilters?: boolean
  /** Fairway only: an App on the route, which has a route for what is asked for, or another one; default none. */
  readonly app?: 'answers' | 'leaves' | undefined
  /** Fairway only: a ResponseCache on the route, and answers that it may keep, or may not; default none. */
  readonly cache?: 'keeps' | 'leaves' | undefined
  /** What their rules go by; default `mixed`. */
  readonly ruleKind?: RuleKind
}
