import { generateKeyPairSync } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { createCertificate } from '../../../src/identity/ca/certificate.ts'
import type { CertificateUsage, SubjectName } from '../../../src/identity/ca/certificate.ts'
import type { BackendTls } from '../../../src/model/endpoint.ts'

const HOUR_MS = 3_600_000
const FOR_SERVERS = ['serverAuth'] as const

/** What a certificate of a `BackendCa` may be bad at. */
export interface LeafOptions {
  /** In the subject, which nobody may look at. */
  readonly commonName?: string
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
  readonly purposes?: readonly ('serverAuth' | 'clientAuth')[]
}

/** Certificate and key in the form that `tls.createServer` takes. */
export interface ServerCertificate {
  readonly cert: string
  readonly key: string
}

/** An authority that signs whatever is asked, as a company's own would for its applications. */
export interface BackendCa {
  readonly pem: string
  /** Names without a scheme are IPv4 addresses or DNS names, the others URIs. */
  readonly issue: (names: readonly string[], options?: LeafOptions) => ServerCertificate
  /** The policy that trusts it for `hostname`, with parts replaced. */
  readonly tls: (hostname: string, parts?: Partial<BackendTls>) => BackendTls
}

export const createBackendCa = (commonName = 'the company'): BackendCa => {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = { commonName, ...keys }
  const nowMs = Date.now()
  const dates = { notBeforeMs: nowMs - HOUR_MS, notAfterMs: nowMs + HOUR_MS }
  const pem = createCertificate({ publicKey: keys.publicKey, issuer, commonName, ...dates, usage: { kind: 'root' } })
  return {
    pem,
    issue: (names, { purposes = FOR_SERVERS, ...options } = {}) => {
      const leafKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const usage: CertificateUsage = { kind: 'leaf', names: names.map(nameOf), purposes }
      const cert = createCertificate({ publicKey: leafKeys.publicKey, issuer, ...dates, ...options, usage })
      return { cert, key: leafKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }) }
    },
    tls: (hostname, parts = {}) => ({ hostname, subjectAltNames: [], ca: [pem], ...parts }),
  }
}

const nameOf = (value: string): SubjectName => {
  if (value.includes('://')) return { type: 'URI', value }
  return { type: isIPv4(value) ? 'IP' : 'DNS', value }
}
