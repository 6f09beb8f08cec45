import type { KubeFailure } from '../failure.ts'

/** What is shown to the API server, and by what it is known. PEM texts. */
export interface KubeCredentials {
  /** Value of the header `authorization`. */
  readonly authorization?: string | undefined
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  /** Who signs for the server; not given: whom Node trusts. */
  readonly ca?: string | undefined
}

/** Credentials, or why there are none. */
export type CredentialsResult =
  | { readonly ok: true; readonly value: KubeCredentials }
  | { readonly ok: false; readonly failure: Pick<KubeFailure, 'reason' | 'message'> }

/** Whom one acts as, which needs the right to `impersonate`. */
export interface Impersonation {
  readonly user: string
  readonly groups: readonly string[]
}

/** Where an API server is, and how to show who we are. */
export interface KubeConnection {
  /** `https://10.96.0.1:443` */
  readonly server: string
  /** For messages: `in-cluster`, or the file and its context. */
  readonly source: string
  /** Where our own objects are: the pod's namespace, or the context's. */
  readonly namespace: string
  /** The name that the server's certificate has to have, if not the server's. */
  readonly serverName?: string | undefined
  /** Whoever answers is believed to be the server. */
  readonly isInsecure: boolean
  readonly proxyUrl?: string | undefined
  /** Not given: nobody else. */
  readonly impersonate?: Impersonation | undefined
  /**
   * What to show now; `isRefused` when what was shown last was not accepted, so that it has to be found anew. Read again
   * as often as it may have changed.
   */
  readonly credentials: (isRefused: boolean) => Promise<CredentialsResult>
}

/** A connection, or what is wrong with the configuration, for people. */
export type ConnectResult =
  | { readonly ok: true; readonly connection: KubeConnection }
  | { readonly ok: false; readonly message: string }

/** The failed result. */
export const noConnection = (message: string): ConnectResult => ({ ok: false, message })

/** No credentials, and why. */
export const noCredentials = (message: string): CredentialsResult => ({
  ok: false,
  failure: { reason: 'Credentials', message },
})
