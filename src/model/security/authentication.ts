/** A RequestAuthentication as data: whose tokens are looked for, where, and what becomes of them. */
export interface RequestAuthentication {
  /** `NAMESPACE/NAME` */
  readonly key: string
  readonly rules: readonly JwtRule[]
}

/** One issuer (JWTRule). A token in one of its places must be one of its own; none at all is fine. */
export interface JwtRule {
  /** As in the claim `iss`; empty: whatever it is, or none. */
  readonly issuer: string
  /** One of them must be among the token's; empty: whatever it is for. */
  readonly audiences: readonly string[]
  readonly keys: KeySource
  /** Never empty. */
  readonly places: readonly TokenPlace[]
  /** The endpoint gets the token as well. */
  readonly forwardsToken: boolean
  /** The request header that gets the payload as it stands in the token; in lower case. */
  readonly payloadHeader?: string
  readonly claimHeaders: readonly ClaimHeader[]
  /** Claims that are lists, and written as one text with spaces between. */
  readonly spaceDelimitedClaims: readonly string[]
}

/** Where the public keys of an issuer are. */
export type KeySource =
  /** A JSON Web Key Set as text. */
  | { readonly kind: 'inline'; readonly jwks: string }
  /** At an address, `http:` or `https:`. */
  | { readonly kind: 'uri'; readonly uri: string; readonly timeoutMs: number }
  /** Where the issuer's OpenID configuration says. */
  | { readonly kind: 'discovery'; readonly issuer: string; readonly timeoutMs: number }

/** Where a request may carry a token; names of headers in lower case. */
export type TokenPlace =
  /** The token is what follows `prefix`. */
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'param' | 'cookie'; readonly name: string }

/** A request header, in lower case, that gets the text of a claim. */
export interface ClaimHeader {
  readonly header: string
  /** Its name, or several with dots between, for one that lies in others. */
  readonly claim: string
}
