/** Why a message was not carried from one version to the other: it would be another message there, or none. */
export interface BridgeFailure {
  readonly code: 'unbridgeable'
  /** A request like this is answered 400, for a response like this the client gets 502. */
  readonly message: string
}

/** A failure with its reason. */
export const unbridgeable = (message: string): BridgeFailure => ({ code: 'unbridgeable', message })
