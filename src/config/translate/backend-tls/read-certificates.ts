import { X509Certificate } from 'node:crypto'
import type { CaCertificateRef } from '../../objects/backend-tls-policy.ts'
import type { Catalog } from '../catalog.ts'

/** A reference that gives no certificates, with Gateway API's reason for `ResolvedRefs`. */
export interface CaFault {
  readonly reason: 'InvalidCACertificateRef' | 'InvalidKind'
  readonly message: string
  readonly path: string
}

/** What the references of one policy come to. */
export interface Certificates {
  /** One PEM text for each certificate. */
  readonly pems: readonly string[]
  readonly faults: readonly CaFault[]
}

/**
 * Reads the certificates that a policy refers to (ConfigMaps of its namespace, key `ca.crt`). A bundle with one
 * unreadable certificate counts as unreadable: whoever wrote it meant all of it. Dates are for the handshake to judge.
 */
export const readCertificates = (
  refs: readonly CaCertificateRef[],
  namespace: string,
  catalog: Catalog,
): Certificates => {
  const read = refs.map((ref) => readOne(ref, namespace, catalog))
  return {
    pems: [...new Set(read.flatMap((result) => ('pems' in result ? result.pems : [])))],
    faults: read.flatMap((result) => ('fault' in result ? [result.fault] : [])),
  }
}

const readOne = (
  { group, kind, name, path }: CaCertificateRef,
  namespace: string,
  { configMaps }: Catalog,
): { readonly pems: readonly string[] } | { readonly fault: CaFault } => {
  const fault = (reason: CaFault['reason'], message: string) => ({ fault: { reason, message, path } })
  if (kind !== 'ConfigMap' || (group !== '' && group !== 'core')) {
    const written = group === '' ? kind : `${group}/${kind}`
    return fault('InvalidKind', `certificates of kind ${written} are not supported, only a ConfigMap`)
  }
  const named = `ConfigMap ${namespace}/${name}`
  const bad = (why: string) => fault('InvalidCACertificateRef', `${named} ${why}`)
  const configMap = configMaps.get(`${namespace}/${name}`)
  if (configMap === undefined) return bad('is not among the readable objects')
  const text = configMap.data['ca.crt']
  if (text === undefined) return bad('has no key ca.crt')
  const pems = text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
  if (pems.length === 0) return bad('has no PEM certificate under ca.crt')
  const unreadable = pems.findIndex((pem) => !isCertificate(pem))
  return unreadable === -1
    ? { pems }
    : bad(`has a certificate under ca.crt that cannot be read: number ${unreadable + 1}`)
}

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
