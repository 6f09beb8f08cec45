import type { Credentials, CredentialSource } from './credentials.ts'

/** The credentials in force and who wants to hear of the next ones; what every source is built on. */
export class CredentialStore implements CredentialSource {
  #current: Credentials
  readonly #listeners = new Set<(credentials: Credentials) => void>()

  constructor(first: Credentials) {
    this.#current = first
  }

  readonly current = (): Credentials => this.#current

  readonly subscribe = (listener: (credentials: Credentials) => void): (() => void) => {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Puts new credentials in force and tells everybody, in the order of subscription. */
  readonly replace = (credentials: Credentials): void => {
    this.#current = credentials
    for (const listener of [...this.#listeners]) listener(credentials)
  }

  readonly close = (): void => this.#listeners.clear()
}
