/** Who comes, and what they do. */
export interface FloodPlan {
  readonly host: string
  readonly port: number
  /** Source addresses, which take turns. */
  readonly from: readonly string[]
  /** In all, and how many of them come in a second. */
  readonly count: number
  readonly perSecond: number
  /** They say nothing; or a byte of a TLS handshake each second; or are reset as soon as they are open. */
  readonly kind: 'silent' | 'drip' | 'reset'
}

/** What has become of them so far. */
export interface FromFlood {
  /** Those that were accepted by the other side's kernel. */
  readonly opened: number
  readonly closed: number
  /** Those that are open, or on their way to be. */
  readonly open: number
}
