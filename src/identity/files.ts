import { watch, type FSWatcher } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { Decoded, Issue } from '../lib/decoded.ts'
import type { Logger } from '../lib/log.ts'
import { CredentialStore } from './credential-store.ts'
import type { Credentials, CredentialSource } from './credentials.ts'
import { decodeCredentials, type CredentialTexts } from './decode-credentials.ts'
import type { SourceParts } from './source-parts.ts'
import { StartupError } from '../lib/startup-error.ts'

export interface FileCredentialsOptions extends Pick<SourceParts, 'clock' | 'log' | 'tally'> {
  /** Holds `cert-chain.pem`, `key.pem` and `root-cert.pem` (Istio's names). */
  readonly dir: string
}

/** The files are looked at this often even if no change was reported: network file systems report none. */
const POLL_MS = 30_000
/** Writers replace three files one after the other; wait for the last one. */
const SETTLE_MS = 200

/**
 * Credentials from a folder, reloaded as one set when a file changes. A set that does not hold together is refused with
 * a warning, and the set before it stays. Throws `StartupError` (`ECREDENTIALS`) when the first set cannot be used.
 */
export const createFileCredentials = async (options: FileCredentialsOptions): Promise<CredentialSource> => {
  const { dir, clock, log, tally } = options
  const first = await readCredentials(dir, clock.nowMs())
  if (!first.ok) {
    const advice = 'put a valid cert-chain.pem, key.pem and root-cert.pem there, or start with --ca dev'
    throw new StartupError(
      'ECREDENTIALS',
      `cannot use the certificates in ${dir}: ${formatIssues(first.issues)}; ${advice}`,
    )
  }
  const store = new CredentialStore(first.value, tally)
  let lastRefusal = ''

  const reload = async (): Promise<void> => {
    const next = await readCredentials(dir, clock.nowMs())
    if (next.ok) {
      lastRefusal = ''
      if (isSame(next.value, store.current())) return
      store.replace(next.value)
      log.info('certificates reloaded', { dir, identity: next.value.identity, notAfter: formatDate(next.value) })
      return
    }
    const refusal = formatIssues(next.issues)
    // Polling would repeat the same complaint every time.
    if (refusal === lastRefusal) return
    lastRefusal = refusal
    tally.failed(refusal, clock.nowMs())
    log.warn(`new certificates in ${dir} refused: ${refusal}; the old ones stay in force`, {
      notAfter: formatDate(store.current()),
    })
  }
  const stop = startWatching(dir, { clock, log, reload })
  const close = (): void => {
    stop()
    store.close()
  }
  return { current: store.current, subscribe: store.subscribe, status: store.status, close }
}

interface Watching {
  readonly clock: Clock
  readonly log: Logger
  readonly reload: () => Promise<void>
}

/** Reloads shortly after a reported change and at every poll; never two reloads at once. */
const startWatching = (dir: string, { clock, log, reload }: Watching): (() => void) => {
  let isClosed = false
  let isReloading = false
  let hasChanged = false
  let cancel = (): void => {}
  const schedule = (delayMs: number): void => {
    cancel()
    cancel = clock.after(delayMs, () => void run())
  }
  const run = async (): Promise<void> => {
    isReloading = true
    hasChanged = false
    await reload()
    isReloading = false
    if (!isClosed) schedule(hasChanged ? SETTLE_MS : POLL_MS)
  }
  const change = (): void => {
    hasChanged = true
    if (!isReloading) schedule(SETTLE_MS)
  }
  const polled = `looking every ${POLL_MS / 1000} s instead`
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(dir, { persistent: false }, change)
    watcher.on('error', (error) => log.warn(`cannot watch ${dir} any more, ${polled}`, { error }))
  } catch (error) {
    log.warn(`cannot watch ${dir}, ${polled}`, { error })
  }
  schedule(POLL_MS)
  return () => {
    isClosed = true
    cancel()
    watcher?.close()
  }
}

const fileNames = {
  certificateChainPem: 'cert-chain.pem',
  privateKeyPem: 'key.pem',
  trustRootsPem: 'root-cert.pem',
} as const satisfies Record<keyof CredentialTexts, string>

const readCredentials = async (dir: string, nowMs: number): Promise<Decoded<Credentials>> => {
  const issues: Issue[] = []
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(dir, name), 'utf8')
    } catch (error) {
      issues.push({ message: `cannot be read (${error instanceof Error ? error.message : String(error)})`, path: name })
      return ''
    }
  }
  const [certificateChainPem, privateKeyPem, trustRootsPem] = await Promise.all([
    read(fileNames.certificateChainPem),
    read(fileNames.privateKeyPem),
    read(fileNames.trustRootsPem),
  ])
  if (issues.length > 0) return { ok: false, issues }
  const decoded = decodeCredentials({ certificateChainPem, privateKeyPem, trustRootsPem }, nowMs)
  return decoded.ok ? decoded : { ok: false, issues: decoded.issues.map(nameFile) }
}

const nameFile = (issue: Issue): Issue => {
  const name = Object.entries(fileNames).find(([field]) => field === issue.path)?.[1]
  return name === undefined ? issue : { ...issue, path: name }
}

const formatIssues = (issues: readonly Issue[]): string =>
  issues.map((issue) => `${issue.path ?? 'set'}: ${issue.message}`).join('; ')

const formatDate = (credentials: Credentials): string => new Date(credentials.notAfterMs).toISOString()

const isSame = (a: Credentials, b: Credentials): boolean =>
  a.certificateChainPem === b.certificateChainPem &&
  a.privateKeyPem === b.privateKeyPem &&
  a.trustRootsPem === b.trustRootsPem
