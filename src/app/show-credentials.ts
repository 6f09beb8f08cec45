import type { CredentialSource } from '../identity/credentials.ts'
import { createCertsDocument, type CertsDocument } from '../identity/report/certs-document.ts'
import { createCredentialReports } from '../identity/report/credential-report.ts'
import type { Clock } from '../lib/clock.ts'
import { readCertificateMetrics } from '../telemetry/certificate-metrics.ts'
import type { MetricsDump } from '../telemetry/dump.ts'
import type { OpeningCredentials } from './open-credentials.ts'
import type { CaOptions } from './options.ts'

/** What there is to see of the credentials of this process, from before there are any. */
export interface ShownCredentials {
  readonly document: () => CertsDocument
  /** Beside those of the workers, which all have the same certificate. */
  readonly dump: () => MetricsDump
}

/** What is shown beside them. */
export interface Shown {
  readonly ca: CaOptions
  /** Ours first, as they are now: MeshConfig may change them. */
  readonly trustDomains: () => readonly string[]
}

/** Shows what a source has, and how it is doing. */
export const showCredentials = (
  { ca, trustDomains }: Shown,
  opening: Pick<OpeningCredentials, 'ready' | 'status'>,
  clock: Clock,
): ShownCredentials => {
  const reportOf = createCredentialReports()
  let source: CredentialSource | undefined
  // Why there is none, others have to tell.
  opening.ready.then(
    (ready) => (source = ready),
    () => {},
  )
  const report = () => (source === undefined ? undefined : reportOf(source.current()))
  return {
    document: () =>
      createCertsDocument(
        { report: report(), status: opening.status(), place: placeOf(ca), trustDomains: trustDomains() },
        clock.nowMs(),
      ),
    dump: () => ({ series: [], scalars: readCertificateMetrics(report(), opening.status(), clock.nowMs()) }),
  }
}

const placeOf = (ca: CaOptions): string => {
  switch (ca.kind) {
    case 'dev':
      return ca.stateDir
    case 'files':
      return ca.dir
    case 'istiod':
      return ca.address
    case 'spire':
      return ca.socketPath
  }
}
