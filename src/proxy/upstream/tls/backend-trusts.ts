import type { ConnectionOptions } from 'node:tls'
import { backendTlsOptions } from '../../../identity/backend-tls.ts'
import type { BackendTls } from '../../../model/endpoint.ts'

/** One distinct `BackendTls` with what is made from it once; connections to backends are told apart by it. */
export class BackendTrust {
  /** Different for each, for keys. */
  readonly id: number
  readonly tls: BackendTls
  /** No snapshot has it any more: what was connected under it shall not be kept. */
  isRetired = false
  #options: ConnectionOptions | undefined

  constructor(id: number, tls: BackendTls) {
    this.id = id
    this.tls = tls
  }

  /** For `tls.connect`; the same object each time. */
  get options(): ConnectionOptions {
    return (this.#options ??= backendTlsOptions(this.tls))
  }
}

/** The trusts in use. Equal settings are one, whichever objects and snapshots they come from. */
export class BackendTrusts {
  readonly #byContent = new Map<string, BackendTrust>()
  /** Spares writing the roots out for each lookup. */
  readonly #contents = new WeakMap<BackendTls, string>()
  #lastId = 0

  get size(): number {
    return this.#byContent.size
  }

  of(tls: BackendTls): BackendTrust {
    const content = this.#contentOf(tls)
    let trust = this.#byContent.get(content)
    if (trust === undefined) {
      trust = new BackendTrust(++this.#lastId, tls)
      this.#byContent.set(content, trust)
    }
    return trust
  }

  /** Forgets those that none of these groups has, and marks them as retired; says whether there were any. */
  retain(groups: Iterable<{ readonly tls?: BackendTls }>): boolean {
    const before = this.#byContent.size
    if (before === 0) return false
    const used = new Set<string>()
    for (const { tls } of groups) if (tls !== undefined) used.add(this.#contentOf(tls))
    for (const [content, trust] of this.#byContent) {
      if (used.has(content)) continue
      trust.isRetired = true
      this.#byContent.delete(content)
    }
    return this.#byContent.size < before
  }

  #contentOf(tls: BackendTls): string {
    let content = this.#contents.get(tls)
    if (content === undefined) {
      const { hostname, subjectAltNames, ca } = tls
      content = JSON.stringify([hostname, subjectAltNames.map(({ type, value }) => [type, value]), ca])
      this.#contents.set(tls, content)
    }
    return content
  }
}
