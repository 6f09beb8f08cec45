/** A CA with istiod's gRPC API, and what it wants to know: istiod itself, istio-csr, or another. */
export interface IstiodSettings {
  /** `HOST:PORT`. */
  readonly address: string
  /** The name that its certificate must have; default: the host of the address. */
  readonly serverName: string | undefined
  /** PEM file with whom to trust at that address, `SYSTEM` for whom Node trusts; default: `meshRootsPath`. */
  readonly caRootPath: string | undefined
  /** PEM file with the roots of the mesh, trusted beside those that the CA names; watched. It may be missing. */
  readonly meshRootsPath: string
  /** PEM file with the lists of revoked certificates; watched. It may be missing. */
  readonly crlPath: string
  /** The service account's token, read anew at each call. */
  readonly tokenPath: string
  /** Which cluster the token is of. */
  readonly clusterId: string
  /** How long a certificate is wanted to last; the CA may give less. */
  readonly ttlMs: number
  /** The signer that a CA in front of Kubernetes' signers is to use. */
  readonly certSigner: string | undefined
  /** The account to be certified; default: the one that the token names. */
  readonly account: WorkloadName | undefined
}

export interface WorkloadName {
  readonly namespace: string
  readonly serviceAccount: string
}
