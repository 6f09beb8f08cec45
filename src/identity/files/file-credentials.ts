import type { Decoded, Issue } from '../../lib/decoded.ts'
import { formatIssue } from '../../lib/format-issue.ts'
import { StartupError } from '../../lib/startup-error.ts'
import { CredentialStore } from '../credential-store.ts'
import type { Credentials, CredentialSource } from '../credentials.ts'
import { isSameSet } from '../is-same-set.ts'
import { decodeNextCredentials, type NextCredentials } from '../decode-next-credentials.ts'
import type { SourceParts } from '../source-parts.ts'
import { readSet, type FileSet, type SetNames } from './read-set.ts'
import { WatchedFolder } from './watched-folder.ts'

export interface FileCredentialsOptions extends Pick<SourceParts, 'clock' | 'log' | 'tally'> {
  /**
   * Holds `cert-chain.pem`, `key.pem` and `root-cert.pem` (Istio's names), or `tls.crt`, `tls.key` and `ca.crt` (those of
   * a Kubernetes TLS secret); and, where certificates are revoked, `ca-crl.pem`.
   */
  readonly dir: string
}

/**
 * Credentials from a folder, reloaded as one set when a file changes. A set that does not hold together is refused with
 * a warning, and the set before it stays; of a set whose revocation list is unreadable only the list is refused. Throws
 * `StartupError` (`ECREDENTIALS`) when the first set cannot be used.
 */
export const createFileCredentials = async (options: FileCredentialsOptions): Promise<CredentialSource> => {
  const { dir, clock, log, tally } = options
  const first = await loadFileCredentials(options)
  const store = new CredentialStore(first, tally)
  if (first.crlPem === undefined) log.info(`${dir} has no ca-crl.pem: ${NO_REVOCATION}`)
  const reloader = new Reloader(store, options)
  const folder = new WatchedFolder({ dir, clock, log, look: () => reloader.look() })
  await folder.open()
  const close = (): void => {
    folder.close()
    store.close()
  }
  return { current: store.current, subscribe: store.subscribe, status: store.status, close }
}

/** What a folder holds now, for whoever needs it once. Throws `StartupError` (`ECREDENTIALS`). */
export const loadFileCredentials = async ({
  dir,
  clock,
}: Pick<FileCredentialsOptions, 'dir' | 'clock'>): Promise<Credentials> => {
  const set = decodeSet(await readSet(dir), undefined, clock.nowMs())
  if (set.ok) return set.value.credentials
  const advice = 'put a valid cert-chain.pem, key.pem and root-cert.pem there, or start with --ca dev'
  const refusal = formatIssues(set.issues)
  throw new StartupError('ECREDENTIALS', `cannot use the certificates in ${dir}: ${refusal}; ${advice}`)
}

/** Puts what the folder holds in force, or says why not. */
class Reloader {
  readonly #store: CredentialStore
  readonly #options: FileCredentialsOptions
  #lastRefusal = ''

  constructor(store: CredentialStore, options: FileCredentialsOptions) {
    this.#store = store
    this.#options = options
  }

  async look(): Promise<void> {
    const { dir, clock, tally } = this.#options
    const before = this.#store.current()
    const set = await readSet(dir)
    // Nearly always nothing has changed, and reading a long revocation list takes a while.
    if (set.ok && isSameSet(set.value.texts, before)) {
      this.#lastRefusal = ''
      tally.recovered()
      return
    }
    const next = decodeSet(set, before, clock.nowMs())
    if (!next.ok) return this.#refuse('new certificates', next.issues)
    const { credentials, crlIssues } = next.value
    if (crlIssues.length === 0) {
      this.#lastRefusal = ''
      tally.recovered()
    } else this.#refuse('new revocation lists', crlIssues)
    if (!isSameSet(credentials, before)) this.#replace(credentials, before)
  }

  #refuse(what: string, issues: readonly Issue[]): void {
    const refusal = formatIssues(issues)
    // Polling would repeat the same complaint every time.
    if (refusal === this.#lastRefusal) return
    this.#lastRefusal = refusal
    const { dir, clock, log, tally } = this.#options
    tally.failed(`${what} in ${dir} refused: ${refusal}`, clock.nowMs())
    const notAfter = formatDate(this.#store.current())
    log.warn(`${what} in ${dir} refused: ${refusal}; the old ones stay in force`, { notAfter })
  }

  #replace(credentials: Credentials, before: Credentials): void {
    const { dir, log } = this.#options
    this.#store.replace(credentials)
    const { identity } = credentials
    log.info('certificates reloaded', { dir, identity, notAfter: formatDate(credentials) })
    if (before.crlPem !== undefined && credentials.crlPem === undefined) {
      log.warn(`ca-crl.pem is gone from ${dir}: ${NO_REVOCATION}`)
    }
  }
}

const NO_REVOCATION = 'nobody looks whether a certificate was revoked'

const decodeSet = (set: Decoded<FileSet>, before: Credentials | undefined, nowMs: number): Decoded<NextCredentials> => {
  if (!set.ok) return set
  const { names, texts } = set.value
  const decoded = decodeNextCredentials(texts, before, nowMs)
  if (!decoded.ok) return { ok: false, issues: nameFiles(decoded.issues, names) }
  return { ok: true, value: { ...decoded.value, crlIssues: nameFiles(decoded.value.crlIssues, names) } }
}

const nameFiles = (issues: readonly Issue[], names: SetNames): readonly Issue[] =>
  issues.map((issue) => {
    const name = Object.entries(names).find(([field]) => field === issue.path)?.[1]
    return name === undefined ? issue : { ...issue, path: name }
  })

const formatIssues = (issues: readonly Issue[]): string => issues.map(formatIssue).join('; ')

const formatDate = (credentials: Credentials): string => new Date(credentials.notAfterMs).toISOString()
