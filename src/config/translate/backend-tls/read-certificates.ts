import { X509Certificate } from 'node:crypto'
import type { CaCertificateRef } from '../../objects/backend-tls-policy.ts'
import type { ConfigMapObject } from '../../objects/config-map.ts'
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

/** Reads the certificates that the references of a policy in a namespace come to. */
export type ReadCertificates = (refs: readonly CaCertificateRef[], namespace: string) => Certificates

/**
 * Reads certificates from ConfigMaps of the policy's namespace, key `ca.crt`. A bundle with one unreadable certificate
 * counts as unreadable: whoever wrote it meant all of it. Dates are for the handshake to judge. Each ConfigMap is looked
 * at once, since a bundle is dear (50 µs for each certificate) and shared by many policies.
 */
export const createCertificateReader = ({ configMaps }: Catalog): ReadCertificates => {
  const known = new Map<string, Bundle>()
  const bundleOf = (key: string): Bundle => {
    const bundle = known.get(key) ?? readBundle(configMaps.get(key))
    known.set(key, bundle)
    return bundle
  }
  return (refs, namespace) => {
    const faults: CaFault[] = []
    const pems = refs.flatMap(({ group, kind, name, path }): readonly string[] => {
      if (kind !== 'ConfigMap' || (group !== '' && group !== 'core')) {
        const written = group === '' ? kind : `${group}/${kind}`
        const message = `certificates of kind ${written} are not supported, only a ConfigMap`
        faults.push({ reason: 'InvalidKind', message, path })
        return []
      }
      const bundle = bundleOf(`${namespace}/${name}`)
      if ('pems' in bundle) return bundle.pems
      faults.push({ reason: 'InvalidCACertificateRef', message: `ConfigMap ${namespace}/${name} ${bundle.bad}`, path })
      return []
    })
    return { pems: [...new Set(pems)], faults }
  }
}

type Bundle = { readonly pems: readonly string[] } | { readonly bad: string }

const readBundle = (configMap: ConfigMapObject | undefined): Bundle => {
  if (configMap === undefined) return { bad: 'is not among the readable objects' }
  const text = configMap.data['ca.crt']
  if (text === undefined) return { bad: 'has no key ca.crt' }
  const pems = text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? []
  if (pems.length === 0) return { bad: 'has no PEM certificate under ca.crt' }
  const unreadable = pems.findIndex((pem) => !isCertificate(pem))
  return unreadable === -1
    ? { pems }
    : { bad: `has a certificate under ca.crt that cannot be read: number ${unreadable + 1}` }
}

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}
