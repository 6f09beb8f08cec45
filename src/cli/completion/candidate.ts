/** Something that may stand where the cursor is, and what it is. */
export interface Candidate {
  readonly value: string
  readonly about?: string
}

/** What a cluster or a kubeconfig has names of. */
export type LiveKind = 'namespace' | 'gateway' | 'gateway-of-any-namespace' | 'context'
