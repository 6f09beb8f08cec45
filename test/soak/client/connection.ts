import type { HboneConnection } from '../../bench/pipes/hbone-connection.ts'

/** One HBONE connection of a node, and what is known of it. */
export interface Connection {
  hbone: HboneConnection | undefined
  /** TLS is established, and no GOAWAY came. */
  isOpen: boolean
  /** Its worker is about to be killed, or the client to end it. */
  isDoomed: boolean
  /** It was of use once. */
  wasOpen: boolean
  /** Why it is gone; absent: it is not. */
  closedFor: string | undefined
  /** Tunnels on it, those that are being opened included. */
  tunnels: number
  /** Answers since the last mark. */
  answered: number
}

export const newConnection = (): Connection => ({
  hbone: undefined,
  isOpen: false,
  isDoomed: false,
  wasOpen: false,
  closedFor: undefined,
  tunnels: 0,
  answered: 0,
})
