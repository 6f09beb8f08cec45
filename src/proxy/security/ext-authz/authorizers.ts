import type { ExternalAuthorizer } from './authorizer.ts'
import type { ConnectionAuthorizer } from './connection-authorizer.ts'
import type { AskerDeps } from './provider-asker.ts'

interface Loaded {
  readonly requests: ExternalAuthorizer
  readonly connections: ConnectionAuthorizer
}

/**
 * Those who have providers asked. They are loaded with the first snapshot whose policies or filters want them, before it
 * comes into force; most waypoints have none.
 */
export class Authorizers {
  readonly #deps: AskerDeps
  #isNeeded = false
  #loaded: Loaded | undefined

  constructor(deps: AskerDeps) {
    this.#deps = deps
  }

  /** A snapshot that is being made wants them. */
  need(): void {
    this.#isNeeded = true
  }

  /** To be waited for; `undefined`: they are there, or nobody needs them. */
  load(): Promise<void> | undefined {
    return this.#isNeeded && this.#loaded === undefined ? this.#load() : undefined
  }

  /** About requests. */
  readonly requests: Pick<ExternalAuthorizer, 'check' | 'refuse'> = {
    check: (exchange, provider) => this.#get().requests.check(exchange, provider),
    refuse: (exchange, why) => this.#get().requests.refuse(exchange, why),
  }

  /** About connections, and requests that are under way. */
  readonly connections: Pick<ConnectionAuthorizer, 'check'> = {
    check: (connection, onAnswer) => this.#get().connections.check(connection, onAnswer),
  }

  async #load(): Promise<void> {
    const [{ ProviderAsker }, { ExternalAuthorizer }, { ConnectionAuthorizer }] = await Promise.all([
      import('./provider-asker.ts'),
      import('./authorizer.ts'),
      import('./connection-authorizer.ts'),
    ])
    const asker = new ProviderAsker(this.#deps)
    this.#loaded = {
      requests: new ExternalAuthorizer(asker, this.#deps),
      connections: new ConnectionAuthorizer(asker, this.#deps),
    }
  }

  /** Whoever gets here without them is answered 500, or closed. */
  #get(): Loaded {
    if (this.#loaded === undefined) throw new Error('external authorization was not loaded before its snapshot')
    return this.#loaded
  }
}
