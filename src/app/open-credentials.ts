/** Where the certificate comes from: one source for each `--ca`, of which only the one in use is loaded. */
import type { CertificateAnswer, CertificateCall } from '../identity/ca/certificate-call.ts'
import type { WorkloadName } from '../identity/ca/istiod-settings.ts'
import { CredentialTally } from '../identity/credential-tally.ts'
import type { CredentialSource, CredentialStatus } from '../identity/credentials.ts'
import type { SourceParts } from '../identity/source-parts.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/log.ts'
import { formatSpiffeId, parseSpiffeId, type SpiffeId } from '../model/identity.ts'
import type { Model } from '../model/model.ts'
import type { WaypointOptions } from './options.ts'

/** A source that may have to wait for its first credentials. */
export interface OpeningCredentials {
  /** The source once it has them. Rejects with a `StartupError` when there will be none, and after `close`. */
  readonly ready: Promise<CredentialSource>
  /** How it is doing, from the beginning. */
  readonly status: () => CredentialStatus
  /** Closes the source, or ends the waiting for it. */
  readonly close: () => void
}

/** Opens the source that the options name; returns at once. */
export const openCredentials = (
  options: Pick<WaypointOptions, 'ca' | 'trustDomains'>,
  model: Model,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): OpeningCredentials => {
  const tally = new CredentialTally(options.ca.kind)
  const stop = new AbortController()
  const ready = openSource(options, model, { tally, clock, log, random: Math.random, signal: stop.signal }).then(
    (source) => {
      stop.signal.addEventListener('abort', source.close)
      if (stop.signal.aborted) source.close()
      stop.signal.throwIfAborted()
      warnOfTrustDomain(source.current().identity, options.trustDomains, log)
      warnOfOtherIdentity(source, log)
      return source
    },
  )
  // Whoever waits for it is told; nobody may be waiting yet.
  ready.catch(() => {})
  return { ready, status: tally.status, close: () => stop.abort() }
}

const openSource = async (
  { ca, trustDomains }: Pick<WaypointOptions, 'ca' | 'trustDomains'>,
  model: Model,
  parts: SourceParts,
): Promise<CredentialSource> => {
  switch (ca.kind) {
    case 'dev': {
      const { createDevCa, createDevCredentials } = await import('../identity/ca/dev-ca.ts')
      const [trustDomain] = trustDomains
      const authority = await createDevCa({ dir: ca.stateDir, trustDomain, clock: parts.clock })
      return createDevCredentials(authority, formatSpiffeId({ trustDomain, ...accountOf(model) }), parts)
    }
    case 'files': {
      const { createFileCredentials } = await import('../identity/files/file-credentials.ts')
      return createFileCredentials({ dir: ca.dir, ...parts })
    }
    case 'istiod': {
      const { createIstiodCredentials } = await import('../identity/ca/istiod.ts')
      const [trustDomain] = trustDomains
      return createIstiodCredentials({ ...ca, ...parts, trustDomain, fallbackAccount: accountOf(model), call })
    }
    case 'spire': {
      const { createSpireCredentials } = await import('../identity/spire/spire.ts')
      return createSpireCredentials({ ...ca, ...parts, trustDomains })
    }
  }
}

/** Who issues certificates knows which mesh this is; a flag that says otherwise makes us refuse everybody in it. */
const warnOfTrustDomain = (identity: SpiffeId, trustDomains: readonly string[], log: Logger): void => {
  const trustDomain = parseSpiffeId(identity)?.trustDomain
  if (trustDomain === undefined || trustDomains.includes(trustDomain)) return
  const known = trustDomains.join(',')
  log.warn(
    `our certificate is of the trust domain ${trustDomain}, peers of which are refused: --trust-domain is ${known}`,
    { identity },
  )
}

/** It may be meant; but peers that wait for the one before refuse us, and policies that name it do not mean us any more. */
const warnOfOtherIdentity = (source: CredentialSource, log: Logger): void => {
  let { identity } = source.current()
  source.subscribe((next) => {
    if (next.identity === identity) return
    log.warn(`our identity has changed: we were ${identity}, and are ${next.identity} by the new certificate`)
    identity = next.identity
  })
}

/** gRPC is loaded when it is first needed. */
const call = async (request: CertificateCall): Promise<CertificateAnswer> => {
  const { callCertificateAuthority } = await import('../identity/ca/certificate-call.ts')
  return callCertificateAuthority(request)
}

/** A waypoint that nobody tells its account has one that is called as its Gateway. */
const accountOf = (model: Model): WorkloadName => {
  const { namespace, name } = model.gateway ?? { namespace: 'default', name: 'waypoint' }
  return { namespace, serviceAccount: name }
}
