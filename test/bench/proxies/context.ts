import type { BenchCertificates } from '../support/certificates.ts'
import type { Children } from '../support/children.ts'
import type { Upstreams } from './proxy.ts'

/** What it takes to start a proxy. */
export interface ProxyContext {
  readonly children: Children
  readonly certificates: BenchCertificates
  readonly upstreams: Upstreams
  /** Of this case alone: configuration, logs and pid files go here. */
  readonly dir: string
  /** Fairway's own version, for the report. */
  readonly version: string
  /** Where Fairway writes a CPU profile when it stops; none when absent. */
  readonly profileDir: string | undefined
  /** Fairway's, beside those that every case has. */
  readonly flags?: readonly string[]
}
