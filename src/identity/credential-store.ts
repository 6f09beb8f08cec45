import { CredentialTally } from './credential-tally.ts'
import type { Credentials, CredentialSource, CredentialStatus } from './credentials.ts'

/** The credentials in force and who wants to hear of the next ones; what every source is built on. */
export class CredentialStore implements CredentialSource {
  #current: Credentials
  readonly #tally: CredentialTally
  readonly #listeners = new Set<(credentials: Credentials) => void>()

  /** `tally`, default one for `files`, hears of the first set and of each rotation; failures are the source's to tell. */
  constructor(first: Credentials, tally = new CredentialTally('files')) {
    this.#current = first
    this.#tally = tally
    tally.started()
  }

  readonly current = (): Credentials => this.#current

  readonly status = (): CredentialStatus => this.#tally.status()

  readonly subscribe = (listener: (credentials: Credentials) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Puts new credentials in force and tells everybody, in the order of subscription. */
  readonly replace = (credentials: Credentials): void => {
    this.#current = credentials
    this.#tally.rotated()
    for (const listener of [...this.#listeners]) listener(credentials)
  }

  readonly close = (): void => this.#listeners.clear()
}
