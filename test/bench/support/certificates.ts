import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TlsFiles } from '../load/plan.ts'

/** A leaf in the layout of `--certs`: `cert-chain.pem`, `key.pem`, `root-cert.pem` in `dir`. */
export interface Leaf extends TlsFiles {
  readonly dir: string
}

/** Certificates of everybody in the bench. */
export interface BenchCertificates {
  readonly client: Leaf
  readonly backend: Leaf
  readonly waypoint: Leaf
  /** One more client. */
  readonly issue: (account: string) => Leaf
}

/** The common name of every leaf: nginx checks one, and falls back to it where only a URI is in the SAN. */
export const COMMON_NAME = 'bench.internal'

/** Service account of the destinations. */
export const BACKEND_ACCOUNT = 'backend'

/** Makes a CA and EC P-256 leafs with SPIFFE ids of namespace `bench` under `dir`, by the openssl command line. */
export const createCertificates = (dir: string): BenchCertificates => {
  const caKey = join(dir, 'ca-key.pem')
  const caCert = join(dir, 'ca.pem')
  openssl([
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-keyout', caKey, '-out', caCert, '-subj', '/O=bench/CN=bench CA'],
  ])
  const issued = new Map<string, Leaf>()
  const leaf = (account: string): Leaf => {
    const known = issued.get(account) ?? createLeaf(join(dir, account), account, { caKey, caCert })
    issued.set(account, known)
    return known
  }
  return { client: leaf('client'), backend: leaf(BACKEND_ACCOUNT), waypoint: leaf('waypoint'), issue: leaf }
}

const createLeaf = (dir: string, account: string, ca: { readonly caKey: string; readonly caCert: string }): Leaf => {
  mkdirSync(dir)
  const files = {
    certFile: join(dir, 'cert-chain.pem'),
    keyFile: join(dir, 'key.pem'),
    caFile: join(dir, 'root-cert.pem'),
  }
  const request = join(dir, 'request.pem')
  const extensions = join(dir, 'extensions.cnf')
  writeFileSync(
    extensions,
    [
      `subjectAltName=URI:spiffe://cluster.local/ns/bench/sa/${account}`,
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=serverAuth,clientAuth',
    ].join('\n'),
  )
  openssl([
    ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', files.keyFile],
    ...['-out', request, '-subj', `/CN=${COMMON_NAME}`],
  ])
  openssl([
    ...['x509', '-req', '-in', request, '-CA', ca.caCert, '-CAkey', ca.caKey, '-CAcreateserial', '-days', '2'],
    ...['-extfile', extensions, '-out', files.certFile],
  ])
  copyFileSync(ca.caCert, files.caFile)
  return { ...files, dir }
}

const openssl = (args: readonly string[]): void => {
  try {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (cause) {
    throw new Error(`openssl ${args[0]} failed: the bench needs the openssl command for its certificates`, { cause })
  }
}
