import type { Issue } from '../../lib/decoded.ts'
import { readSubjectKeyId } from './certificate-facts.ts'
import type { CertificateFacts } from './certificate-facts.ts'
import type { ChainPath, KnownCa } from './chain-paths.ts'
import type { RevocationList } from './crl.ts'

/**
 * Who was revoked. A list counts for the CA of its name, once that CA's key is known and has signed it; lists of CAs that
 * nobody has met yet wait for them. Lists are found by the CA's name alone, so that CAs of one name share theirs.
 */
export class Revocations {
  /** All lists, those that wait among them. */
  readonly lists: readonly RevocationList[]
  /** Why this set of lists must not be used. */
  readonly issues: readonly Issue[]
  readonly #signed = new Map<string, RevocationList[]>()
  readonly #waiting = new Map<string, RevocationList[]>()
  /** CAs that a waiting list was held against in vain. */
  readonly #strangers = new WeakMap<RevocationList, Set<string>>()

  constructor(lists: readonly RevocationList[], cas: readonly KnownCa[]) {
    this.lists = lists
    const issues: Issue[] = []
    for (const [index, list] of lists.entries()) {
      const candidates = cas.filter((ca) => isNamed(list, ca))
      if (candidates.some(({ publicKey }) => list.isSignedBy(publicKey))) put(this.#signed, list)
      else if (candidates.length === 0) put(this.#waiting, list)
      else {
        const what = `revocation list ${index + 1} of ${lists.length}`
        issues.push({ message: `${what} is not signed by the CA whose name it has`, path: 'crlPem' })
      }
    }
    this.issues = issues
  }

  get isEmpty(): boolean {
    return this.lists.length === 0
  }

  /** Whether a certificate, or one that it depends on, is on a list. With a `path` that is looked at as well. */
  has(certificate: CertificateFacts, path: ChainPath | undefined): boolean {
    if (path === undefined) return this.#isListed(certificate)
    for (let step: ChainPath | undefined = path; step !== undefined; step = step.issuer) {
      if (step.issuer?.ca !== undefined) this.#meet(step.issuer.ca)
      if (this.#isListed(step.facts)) return true
    }
    return false
  }

  #isListed({ issuer, serial }: CertificateFacts): boolean {
    return this.#signed.get(issuer)?.some(({ revoked }) => revoked.has(serial)) === true
  }

  /** A CA that leads to one of our roots: lists of its name have waited for its key. */
  #meet(ca: KnownCa): void {
    const waiting = this.#waiting.get(ca.subject)
    if (waiting === undefined) return
    const key = ca.certificate.raw.toString('latin1')
    for (const list of [...waiting]) {
      const strangers = this.#strangers.get(list) ?? new Set<string>()
      if (strangers.has(key)) continue
      if (isNamed(list, ca) && list.isSignedBy(ca.publicKey)) {
        put(this.#signed, list)
        waiting.splice(waiting.indexOf(list), 1)
      } else this.#strangers.set(list, strangers.add(key))
    }
    if (waiting.length === 0) this.#waiting.delete(ca.subject)
  }
}

/** Whether a list says that it is that CA's: after a change of keys there may be two of one name. */
const isNamed = (list: RevocationList, { subject, certificate }: KnownCa): boolean => {
  if (subject !== list.issuer) return false
  if (list.issuerKeyId === undefined) return true
  const keyId = readSubjectKeyId(certificate.raw)
  return keyId === undefined || keyId === list.issuerKeyId
}

const put = (lists: Map<string, RevocationList[]>, list: RevocationList): void => {
  const others = lists.get(list.issuer)
  if (others === undefined) lists.set(list.issuer, [list])
  else others.push(list)
}
