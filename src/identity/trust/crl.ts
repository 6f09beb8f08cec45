/**
 * Certificate revocation lists, read and checked by us. OpenSSL's own check (Node's option `crl`) refuses everybody when
 * the list of a single CA is missing or old, so that a forgotten renewal stops a mesh; here a list says who is revoked,
 * and nothing about others.
 */
import { verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Decoded, Issue } from '../../lib/decoded.ts'
import { splitPem } from '../pem.ts'
import { readExtensions } from './certificate-facts.ts'
import type { Extension } from './certificate-facts.ts'
import {
  BIT_STRING,
  DerError,
  DerReader,
  GENERALIZED_TIME,
  INTEGER,
  OBJECT_IDENTIFIER,
  SEQUENCE,
  UTC_TIME,
  readObjectIdentifier,
  readTime,
} from './der-reader.ts'
import type { DerElement } from './der-reader.ts'

/** One list of one CA (RFC 5280 section 5). */
export interface RevocationList {
  /** The CA's name in DER, one byte a character: as `CertificateFacts` has it. */
  readonly issuer: string
  /** Which key of that CA signed it, as `readSubjectKeyId` has it; absent: it does not say. */
  readonly issuerKeyId: string | undefined
  readonly thisUpdateMs: number
  /** When the CA promised the next one; absent: never. */
  readonly nextUpdateMs: number | undefined
  /** Serial numbers, as `CertificateFacts` has them. */
  readonly revoked: ReadonlySet<string>
  /** Whether that key signed it. */
  readonly isSignedBy: (key: KeyObject) => boolean
}

/**
 * All lists of a PEM text. An empty text is no list at all; what is not PEM, no whole list, or of a kind whose meaning
 * would be missed (delta and indirect lists, critical extensions that are not known) makes the whole text unreadable.
 */
export const decodeCrls = (pem: string): Decoded<readonly RevocationList[]> => {
  const issues: Issue[] = []
  const fail = (message: string): void => void issues.push({ message, path: 'crlPem', expected: 'PEM, X509 CRL' })
  const blocks = splitPem('X509 CRL', pem) ?? []
  // Half a text would be taken for fewer lists, and a certificate in its place for none.
  if (blocks.length !== pem.split('-----BEGIN ').length - 1)
    fail('a revocation list is cut off, or something else stands there')
  else if (blocks.length === 0 && pem.trim() !== '') fail('no revocation list found')
  const lists: RevocationList[] = []
  for (const [index, block] of blocks.entries()) {
    try {
      lists.push(readCrl(Buffer.from(block.replace(/-----[^-]*-----/g, ''), 'base64')))
    } catch (error) {
      if (!(error instanceof DerError)) throw error
      fail(`revocation list ${index + 1} of ${blocks.length} cannot be read: ${error.message}`)
    }
  }
  return issues.length > 0 ? { ok: false, issues } : { ok: true, value: lists }
}

const readCrl = (bytes: Buffer): RevocationList => {
  const whole = new DerReader(bytes)
  const list = new DerReader(bytes, whole.read(SEQUENCE))
  if (!whole.isAtEnd) throw new DerError('bytes behind its end')
  const body = list.read(SEQUENCE)
  const algorithm = list.read(SEQUENCE)
  const signature = list.read(BIT_STRING)
  const fields = new DerReader(bytes, body)
  fields.readIf(INTEGER)
  if (!isSame(bytes, fields.read(SEQUENCE), algorithm)) throw new DerError('it names two signature algorithms')
  const issuer = fields.read(SEQUENCE)
  const thisUpdateMs = readTime(bytes, fields.next())
  const hasNext = fields.nextTag === UTC_TIME || fields.nextTag === GENERALIZED_TIME
  const nextUpdateMs = hasNext ? readTime(bytes, fields.next()) : undefined
  const entries = fields.readIf(SEQUENCE)
  const revoked = entries === undefined ? new Set<string>() : readEntries(bytes, entries)
  const wrapped = fields.readIf(LIST_EXTENSIONS)
  const extensions = wrapped === undefined ? [] : readExtensions(bytes, new DerReader(bytes, wrapped).read(SEQUENCE))
  checkExtensions(bytes, extensions, LIST_KNOWN)
  if (!fields.isAtEnd) throw new DerError('fields that are not known')
  return {
    issuer: bytes.toString('latin1', issuer.from, issuer.end),
    issuerKeyId: readKeyId(bytes, extensions),
    thisUpdateMs,
    nextUpdateMs,
    revoked,
    isSignedBy: createSignatureCheck(bytes, { body, algorithm, signature }),
  }
}

/** When somebody was revoked, and why, is of no interest. */
const readEntries = (bytes: Buffer, { start, end }: DerElement): Set<string> => {
  const revoked = new Set<string>()
  // Parts of one text cost a third less than texts of their own.
  const text = bytes.toString('latin1')
  const addSerial = (serial: Pick<DerElement, 'start' | 'end'>): void => {
    if (!isShortest(bytes, serial)) throw new DerError('a serial number that is not in its shortest form')
    revoked.add(text.slice(serial.start, serial.end))
  }
  // Those that are not plain have mostly one of ten reasons.
  const checked = new Set<string>()
  const checkOnce = (extensions: DerElement): void => {
    const shape = text.slice(extensions.start, extensions.end)
    if (checked.has(shape)) return
    checkExtensions(bytes, readExtensions(bytes, extensions), ENTRY_KNOWN)
    if (checked.size < MAX_CHECKED) checked.add(shape)
  }
  for (let at = start; at < end;) {
    const plainEnd = endOfPlainEntry(bytes, at, end)
    if (plainEnd === undefined) {
      const element = new DerReader(bytes, { start: at, end }).read(SEQUENCE)
      const entry = new DerReader(bytes, element)
      const serial = entry.read(INTEGER)
      addSerial(serial)
      entry.next()
      const extensions = entry.readIf(SEQUENCE)
      if (extensions !== undefined) checkOnce(extensions)
      at = element.end
    } else {
      addSerial({ start: at + ENTRY_HEAD, end: plainEnd - PLAIN_TIME })
      at = plainEnd
    }
  }
  return revoked
}

/** Serial numbers are compared by their bytes, and OpenSSL reads no certificate whose number has some to spare. */
const isShortest = (bytes: Buffer, { start, end }: Pick<DerElement, 'start' | 'end'>): boolean => {
  if (end - start < 2) return end > start
  const [first, second = 0] = [bytes[start], bytes[start + 1]]
  return !(first === 0 && second < 0x80) && !(first === 0xff && second >= 0x80)
}

const MAX_CHECKED = 100

/**
 * Where an entry ends that has a serial number and a UTCTime and nothing else, which is nearly all of them: a list may
 * have tens of thousands, and the loop waits while it is read. `undefined` for any other.
 */
const endOfPlainEntry = (bytes: Buffer, at: number, end: number): number | undefined => {
  const length = bytes[at + 1] ?? 0x80
  const entryEnd = at + 2 + length
  const serialEnd = at + ENTRY_HEAD + (bytes[at + 3] ?? 0)
  const isPlain =
    bytes[at] === SEQUENCE &&
    length < 0x80 &&
    entryEnd <= end &&
    bytes[at + 2] === INTEGER &&
    serialEnd + PLAIN_TIME === entryEnd &&
    bytes[serialEnd] === UTC_TIME &&
    bytes[serialEnd + 1] === PLAIN_TIME - 2
  return isPlain ? entryEnd : undefined
}

/** Tags and lengths of the entry and its serial number. */
const ENTRY_HEAD = 4
/** A UTCTime with its tag and length. */
const PLAIN_TIME = 15

/** Who skips a critical extension misreads the list (RFC 5280 section 5.2). */
const checkExtensions = (bytes: Buffer, extensions: readonly Extension[], known: ReadonlySet<string>): void => {
  for (const { oid, isCritical, value } of extensions) {
    if (oid === DELTA) throw new DerError('it is a delta list, which says only what changed')
    if (oid === DISTRIBUTION_POINT) checkDistributionPoint(bytes, value)
    else if (isCritical && !known.has(oid)) throw new DerError(`its critical extension ${oid} is not known`)
  }
}

/** Of the authority key identifier, the one form that CAs write. */
const readKeyId = (bytes: Buffer, extensions: readonly Extension[]): string | undefined => {
  const found = extensions.find(({ oid }) => oid === AUTHORITY_KEY_ID)
  if (found === undefined) return undefined
  const id = new DerReader(bytes, new DerReader(bytes, found.value).read(SEQUENCE)).readIf(KEY_ID)
  return id === undefined ? undefined : bytes.toString('latin1', id.start, id.end)
}

/** A part of what a CA revoked is fine, since what is not listed is taken for good anyway; another CA's entries are not. */
const checkDistributionPoint = (bytes: Buffer, value: DerElement): void => {
  for (const fields = new DerReader(bytes, new DerReader(bytes, value).read(SEQUENCE)); !fields.isAtEnd;) {
    const { tag, start } = fields.next()
    if (tag === INDIRECT && bytes[start] !== 0) throw new DerError('it is an indirect list, with entries of other CAs')
  }
}

const LIST_EXTENSIONS = 0xa0
/** `[4] indirectCRL` of the issuing distribution point. */
const INDIRECT = 0x84
const DELTA = '2.5.29.27'
const DISTRIBUTION_POINT = '2.5.29.28'
const AUTHORITY_KEY_ID = '2.5.29.35'
/** `[0]` of that. */
const KEY_ID = 0x80
/** And the number of the list. */
const LIST_KNOWN: ReadonlySet<string> = new Set([AUTHORITY_KEY_ID, '2.5.29.20'])
/** Reason and invalidity date. */
const ENTRY_KNOWN: ReadonlySet<string> = new Set(['2.5.29.21', '2.5.29.24'])

const isSame = (bytes: Buffer, a: DerElement, b: DerElement): boolean =>
  bytes.subarray(a.from, a.end).equals(bytes.subarray(b.from, b.end))

interface SignedParts {
  readonly body: DerElement
  readonly algorithm: DerElement
  readonly signature: DerElement
}

/** Of the list only what the signature is about is kept: bytes, and how to look. */
const createSignatureCheck = (bytes: Buffer, parts: SignedParts): ((key: KeyObject) => boolean) => {
  const oid = readObjectIdentifier(bytes, new DerReader(bytes, parts.algorithm).read(OBJECT_IDENTIFIER))
  const algorithm = ALGORITHMS.get(oid)
  if (algorithm === undefined) throw new DerError(`its signature algorithm ${oid} is not known`)
  const signed = bytes.subarray(parts.body.from, parts.body.end)
  // The first byte says how many bits of the last one do not count.
  if (bytes[parts.signature.start] !== 0) throw new DerError('a signature that is no whole number of bytes')
  const signature = bytes.subarray(parts.signature.start + 1, parts.signature.end)
  return (key) => {
    if (!algorithm.keys.includes(key.asymmetricKeyType ?? '')) return false
    try {
      return verify(algorithm.digest, signed, key, signature)
    } catch {
      return false
    }
  }
}

/** Digests that nobody should sign with any more are not among them. */
const ALGORITHMS: ReadonlyMap<string, { readonly digest: string | null; readonly keys: readonly string[] }> = new Map([
  ['1.2.840.10045.4.3.2', { digest: 'sha256', keys: ['ec'] }],
  ['1.2.840.10045.4.3.3', { digest: 'sha384', keys: ['ec'] }],
  ['1.2.840.10045.4.3.4', { digest: 'sha512', keys: ['ec'] }],
  ['1.2.840.113549.1.1.11', { digest: 'sha256', keys: ['rsa'] }],
  ['1.2.840.113549.1.1.12', { digest: 'sha384', keys: ['rsa'] }],
  ['1.2.840.113549.1.1.13', { digest: 'sha512', keys: ['rsa'] }],
  ['1.3.101.112', { digest: null, keys: ['ed25519'] }],
  ['1.3.101.113', { digest: null, keys: ['ed448'] }],
])
