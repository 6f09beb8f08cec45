import { join, resolve } from 'node:path'
import type { Credentials } from '../identity/credentials.ts'
import { createDevCa } from '../identity/ca/dev-ca.ts'
import { loadFileCredentials } from '../identity/files/file-credentials.ts'
import type { Clock } from '../lib/clock.ts'
import { decodeSpiffeId, formatSpiffeId, type SpiffeId } from '../model/identity.ts'
import { usageError } from './arguments.ts'
import { exitCodes } from './exit-codes.ts'
import { CliError } from './verb.ts'

/** Where the project keeps local state (the development CA), seen from the folder that a command runs in. */
export const stateDir = (cwd: string): string => join(cwd, '.fairway')

export interface ClientCredentialsOptions {
  /** Folder with Istio's three files; without it the development CA under `.fairway` issues what is needed. */
  readonly certs: string | undefined
  /** Who we are; with `certs` the certificate must agree. */
  readonly identity: SpiffeId | undefined
  readonly cwd: string
  readonly clock: Clock
}

const defaultClient = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'fairway-request' }

/** Credentials for one call as a client. Throws `CliError` or `StartupError` when there are none. */
export const loadClientCredentials = async (options: ClientCredentialsOptions): Promise<Credentials> => {
  const { certs, identity, cwd, clock } = options
  if (certs === undefined) {
    const wanted = identity ?? formatSpiffeId(defaultClient)
    const ca = await createDevCa({ dir: stateDir(cwd), trustDomain: trustDomainOf(wanted), clock })
    return ca.issue(wanted)
  }
  const credentials = await loadFileCredentials({ dir: resolve(cwd, certs), clock })
  if (identity !== undefined && identity !== credentials.identity) {
    throw new CliError(
      exitCodes.badConfiguration,
      `--from asks for ${identity}, the certificate in ${certs} is ${credentials.identity}`,
      {
        next: 'leave --from out, or leave --certs out to have the development CA issue that identity',
      },
    )
  }
  return credentials
}

/** `--from`: `NS/SA` in the trust domain `cluster.local`, `TD/NS/SA`, or a whole SPIFFE ID. */
export const decodeIdentity = (text: string): SpiffeId => {
  const parts = text.startsWith('spiffe://') ? [] : text.split('/')
  const [serviceAccount = '', namespace = '', trustDomain = defaultClient.trustDomain] = parts.toReversed()
  const written = parts.length === 0 ? text : formatSpiffeId({ trustDomain, namespace, serviceAccount })
  const identity = parts.length > 3 ? undefined : decodeSpiffeId(written)
  if (identity !== undefined) return identity
  throw usageError(
    `--from ${JSON.stringify(text)} names no workload`,
    'write NAMESPACE/SERVICE-ACCOUNT, TRUST-DOMAIN/NAMESPACE/SERVICE-ACCOUNT or spiffe://TD/ns/NS/sa/SA',
  )
}

const trustDomainOf = (identity: SpiffeId): string => /^spiffe:\/\/([^/]+)/.exec(identity)?.[1] ?? ''
