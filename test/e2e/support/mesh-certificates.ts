import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Credentials } from '../../../src/identity/credentials.ts'
import { createDevCa, type DevCa, type IssueOptions } from '../../../src/identity/ca/dev-ca.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { formatSpiffeId } from '../../../src/model/identity.ts'
import type { TlsFiles } from '../../bench/load/plan.ts'

/** A certificate authority of a mesh that exists for one test. */
export const foundCa = (dir: string): Promise<DevCa> =>
  createDevCa({ dir, trustDomain: 'cluster.local', clock: systemClock })

/** A certificate for `TRUST-DOMAIN/NAMESPACE/ACCOUNT`, or `NAMESPACE/ACCOUNT` in `cluster.local`. */
export const issueTo = (ca: DevCa, who: string, options?: IssueOptions): Promise<Credentials> => {
  const [serviceAccount = '', namespace = '', trustDomain = 'cluster.local'] = who.split('/').toReversed()
  return ca.issue(formatSpiffeId({ trustDomain, namespace, serviceAccount }), options)
}

/** Writes the three files of `--certs`, each in one step, and returns the folder. */
export const writeCertificates = (dir: string, credentials: Credentials): string => {
  mkdirSync(dir, { recursive: true })
  const files = {
    'cert-chain.pem': credentials.certificateChainPem,
    'key.pem': credentials.privateKeyPem,
    'root-cert.pem': credentials.trustRootsPem,
  }
  for (const [name, text] of Object.entries(files)) replaceFile(join(dir, name), text)
  return dir
}

/** What `writeCertificates` has written to `dir`, for those that read it by themselves. */
export const tlsFilesIn = (dir: string): TlsFiles => ({
  certFile: join(dir, 'cert-chain.pem'),
  keyFile: join(dir, 'key.pem'),
  caFile: join(dir, 'root-cert.pem'),
})

/** Puts a file in place as a whole, as a careful writer does. */
export const replaceFile = (path: string, text: string): void => {
  writeFileSync(`${path}.new`, text)
  renameSync(`${path}.new`, path)
}
