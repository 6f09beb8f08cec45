import type { CredentialKind, CredentialStatus } from './credentials.ts'

/**
 * Counts what becomes of a source's attempts. It is there before the first credentials are, so that one can see what is
 * waited for.
 */
export class CredentialTally {
  #status: CredentialStatus

  constructor(kind: CredentialKind) {
    this.#status = { kind, rotations: 0, failures: 0 }
  }

  readonly status = (): CredentialStatus => this.#status

  /** There is no set yet, and `what` is to give the first one. */
  readonly waitFor = (what: string): void => {
    this.#status = { ...this.#status, waitingFor: what }
  }

  /** The first set is there. */
  readonly started = (): void => {
    const { waitingFor: _, ...status } = this.#status
    this.#status = status
  }

  readonly rotated = (): void => {
    this.#status = { ...this.#status, rotations: this.#status.rotations + 1 }
  }

  readonly failed = (message: string, atMs: number): void => {
    const { hasRecovered: _, ...status } = this.#status
    this.#status = { ...status, failures: status.failures + 1, lastFailure: { atMs, message } }
  }

  /** There is a set, the one in force or another, with which nothing is wrong. */
  readonly recovered = (): void => {
    if (this.#status.lastFailure !== undefined) this.#status = { ...this.#status, hasRecovered: true }
  }

  /** `undefined`: nothing is planned. */
  readonly planned = (nextRenewalMs: number | undefined): void => {
    const { nextRenewalMs: _, ...status } = this.#status
    this.#status = nextRenewalMs === undefined ? status : { ...status, nextRenewalMs }
  }
}
