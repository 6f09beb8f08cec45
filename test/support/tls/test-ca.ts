import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createCertificate } from '../../../src/identity/ca/certificate.ts'
import type { CertificateRequest, SubjectName } from '../../../src/identity/ca/certificate.ts'
import {
  bitString,
  boolean,
  der,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from '../../../src/identity/ca/der.ts'
import type { Credentials } from '../../../src/identity/credentials.ts'
import { formatPem } from '../../../src/identity/pem.ts'
import type { SpiffeId } from '../../../src/model/identity.ts'

const HOUR_MS = 3_600_000

interface Keys {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

export interface CaParts {
  readonly parent?: TestCa
  readonly keys?: Keys
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
}

/** What a certificate may be bad at. */
export interface LeafParts {
  readonly names?: readonly SubjectName[]
  readonly purposes?: readonly ('serverAuth' | 'clientAuth')[]
  readonly notBeforeMs?: number
  readonly notAfterMs?: number
  /** Default: those of the whole chain up to the root. */
  readonly trustRootsPem?: string
  /** Whose signature it bears, in place of the CA's that it names. */
  readonly signer?: KeyObject
}

/** What a revocation list says, beside who is on it. */
export interface ListParts {
  readonly thisUpdateMs?: number
  /** `null` leaves it out. */
  readonly nextUpdateMs?: number | null
  /** Who signs it, in place of the CA. */
  readonly signer?: KeyObject
  /** The key identifier that it names; `null` leaves it out. */
  readonly keyId?: Buffer | null
  /** Further extensions of the list, in DER. */
  readonly extensions?: readonly Buffer[]
  /** Extensions of each entry, in DER. */
  readonly entryExtensions?: readonly Buffer[]
}

/** A CA with any place in a chain, that signs what is asked, and revokes. */
export class TestCa {
  readonly commonName: string
  readonly keys: Keys
  readonly pem: string
  readonly certificate: X509Certificate
  readonly #parent: TestCa | undefined

  /** A root, or with `parent` a CA below that one. With `keys` it is another certificate of the same CA. */
  constructor(commonName: string, parts: CaParts = {}) {
    this.commonName = commonName
    this.keys = parts.keys ?? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#parent = parts.parent
    this.pem = createCertificate({
      ...this.#dates(),
      ...only(parts),
      publicKey: this.keys.publicKey,
      issuer: this.#parent?.issuer ?? this.issuer,
      commonName,
      usage: { kind: 'root' },
    })
    this.certificate = new X509Certificate(this.pem)
  }

  get issuer(): CertificateRequest['issuer'] {
    return { commonName: this.commonName, ...this.keys }
  }

  /** The root that it leads to. */
  get root(): TestCa {
    return this.#parent?.root ?? this
  }

  /** A certificate with its chain and key. Without `names` it is one of that identity. */
  issue(identity: SpiffeId, parts: LeafParts = {}): Credentials {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { names = [{ type: 'URI', value: identity }], purposes = ['serverAuth', 'clientAuth'] } = parts
    const dates = { ...this.#dates(), ...only(parts) }
    const usage = { kind: 'leaf', names, purposes } as const
    const issuer = { ...this.issuer, ...(parts.signer === undefined ? {} : { privateKey: parts.signer }) }
    const leaf = createCertificate({ publicKey: keys.publicKey, issuer, ...dates, usage })
    return {
      identity,
      certificateChainPem: leaf + this.#intermediates(),
      privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      trustRootsPem: parts.trustRootsPem ?? this.root.pem,
      notBeforeMs: dates.notBeforeMs,
      notAfterMs: dates.notAfterMs,
    }
  }

  /** A list of these certificates (PEM, the first of each chain), as PEM. */
  revoke(chains: readonly string[], parts: ListParts = {}): string {
    const nowMs = Date.now()
    const { thisUpdateMs = nowMs - HOUR_MS, nextUpdateMs = nowMs + HOUR_MS, signer = this.keys.privateKey } = parts
    const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2'))
    const entries = chains.map((chain) =>
      sequence(
        integer(Buffer.from(new X509Certificate(chain).serialNumber, 'hex')),
        time(thisUpdateMs),
        ...(parts.entryExtensions === undefined ? [] : [sequence(...parts.entryExtensions)]),
      ),
    )
    const keyId = parts.keyId === undefined ? keyIdentifier(this.keys.publicKey) : parts.keyId
    const extensions = [
      ...(keyId === null ? [] : [extension('2.5.29.35', sequence(der(0x80, keyId)))]),
      ...(parts.extensions ?? []),
    ]
    const body = sequence(
      integer(Buffer.of(1)),
      algorithm,
      sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(this.commonName)))),
      time(thisUpdateMs),
      ...(nextUpdateMs === null ? [] : [time(nextUpdateMs)]),
      ...(entries.length === 0 ? [] : [sequence(...entries)]),
      ...(extensions.length === 0 ? [] : [der(0xa0, sequence(...extensions))]),
    )
    return formatPem('X509 CRL', sequence(body, algorithm, bitString(sign('sha256', body, signer))))
  }

  #intermediates(): string {
    return this.#parent === undefined ? '' : this.pem + this.#parent.#intermediates()
  }

  #dates(): { readonly notBeforeMs: number; readonly notAfterMs: number } {
    return { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + 24 * HOUR_MS }
  }
}

/** One extension in DER. */
export const extension = (oid: string, value: Buffer, isCritical = false): Buffer =>
  sequence(objectIdentifier(oid), ...(isCritical ? [boolean(true)] : []), octetString(value))

/** As `createCertificate` makes it. */
export const keyIdentifier = (key: KeyObject): Buffer =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)

const only = ({
  notBeforeMs,
  notAfterMs,
}: Pick<LeafParts, 'notBeforeMs' | 'notAfterMs'>): { notBeforeMs?: number; notAfterMs?: number } => ({
  ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
  ...(notAfterMs === undefined ? {} : { notAfterMs }),
})
