import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { Decoded, Issue } from '../lib/decoded.ts'
import type { Credentials } from './credentials.ts'
import { splitPem } from './pem.ts'
import { readSpiffeName } from './spiffe-name.ts'
import { readCertificateFacts, readValidity } from './trust/certificate-facts.ts'
import { DerError } from './trust/der-reader.ts'
import { refuseOwn } from './tls.ts'
import { Trust } from './trust/trust.ts'

/** PEM texts as they come from a folder, a CA or a workload API. */
export interface CredentialTexts {
  readonly certificateChainPem: string
  readonly privateKeyPem: string
  readonly trustRootsPem: string
  /** Roots of other trust domains, by their names. */
  readonly federatedRootsPem?: Readonly<Record<string, string>>
  /** Revocation lists; absent: there are none. */
  readonly crlPem?: string
}

/**
 * Checks that PEM texts make one usable set: all parse to their ends, the key fits the leaf, the leaf is valid at
 * `nowMs`, can be shown and carries exactly one SPIFFE identity, and each revocation list is signed by the CA that it names.
 * Reports everything that is wrong; `path` is the field of `CredentialTexts`. Never shows key material.
 */
export const decodeCredentials = (texts: CredentialTexts, nowMs: number): Decoded<Credentials> => {
  const issues: Issue[] = []
  const chain = readCertificates(texts.certificateChainPem, 'certificateChainPem', issues)
  readCertificates(texts.trustRootsPem, 'trustRootsPem', issues)
  for (const pem of Object.values(texts.federatedRootsPem ?? {})) readCertificates(pem, 'federatedRootsPem', issues)
  const key = readKey(texts.privateKeyPem, issues)
  const leaf = chain?.[0]
  if (leaf === undefined) return { ok: false, issues }

  const fail = (message: string, path = 'certificateChainPem'): void => void issues.push({ message, path })
  if (key !== undefined && !leaf.checkPrivateKey(key)) {
    fail('the private key does not belong to the certificate: were both files replaced?', 'privateKeyPem')
  }
  const { notBeforeMs, notAfterMs } = readValidity(leaf.raw)
  if (nowMs > notAfterMs) fail(`the certificate expired at ${new Date(notAfterMs).toISOString()}`)
  if (nowMs < notBeforeMs) {
    fail(`the certificate is valid only from ${new Date(notBeforeMs).toISOString()} on: is a clock wrong?`)
  }
  const name = readSpiffeName(leaf)
  if (!name.ok) fail(`the certificate names no workload: ${name.reason}`)
  const refusal = issues.length > 0 ? undefined : refuseOwn(texts)
  if (refusal !== undefined) {
    fail(`OpenSSL does not take the certificate: ${refusal}; RSA keys need 2048 bits or more, signatures SHA-256`)
  }
  if (!name.ok || issues.length > 0) return { ok: false, issues }
  const untrusted = checkTrust(texts, nowMs)
  if (untrusted.length > 0) return { ok: false, issues: untrusted }
  return { ok: true, value: { ...texts, identity: name.identity, notBeforeMs, notAfterMs } }
}

/** What is wrong with revocation lists, or with what is looked for in the certificates of CAs for their sake. */
const checkTrust = (texts: CredentialTexts, nowMs: number): readonly Issue[] => {
  try {
    const trust = Trust.decode(texts, [], nowMs)
    return trust.ok ? [] : trust.issues
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return [{ message: `a certificate cannot be read (${error.message})`, path: 'trustRootsPem' }]
  }
}

/** All certificates of a PEM text in order; `undefined` and an issue when there is none or one is broken. */
export const readCertificates = (
  pem: string,
  path: string,
  issues: Issue[],
): readonly X509Certificate[] | undefined => {
  const blocks = splitPem('CERTIFICATE', pem)
  if (blocks === undefined) {
    issues.push({ message: 'a certificate is cut off: is the file still being written?', path })
    return undefined
  }
  if (blocks.length === 0) {
    issues.push({ message: 'no certificate found', path, expected: 'PEM, X.509' })
    return undefined
  }
  try {
    const certificates = blocks.map((block) => new X509Certificate(block))
    for (const certificate of certificates) {
      // Node reads keys when they are first asked for, and that is no time for an exception.
      void certificate.publicKey
      readCertificateFacts(certificate.raw)
      readValidity(certificate.raw)
    }
    return certificates
  } catch (error) {
    issues.push({ message: `a certificate cannot be read (${describe(error)})`, path, expected: 'PEM, X.509' })
    return undefined
  }
}

const readKey = (pem: string, issues: Issue[]): KeyObject | undefined => {
  try {
    return createPrivateKey(pem)
  } catch (error) {
    const message = `the private key cannot be read (${describe(error)})`
    issues.push({ message, path: 'privateKeyPem', expected: 'an unencrypted PEM private key' })
    return undefined
  }
}

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error))
