/** Who somebody is: by bearer token or client certificate. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import type { User } from '../access.ts'

/** A user and the token that shows it. */
export interface KnownUser extends User {
  readonly token: string
}

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

export class Users {
  readonly #byToken = new Map<string, User>()

  constructor(users: readonly KnownUser[]) {
    for (const { token, name, groups } of users) {
      this.#byToken.set(token, { name, groups: [...groups, 'system:authenticated'] })
    }
  }

  issue(user: User): string {
    const token = randomUUID()
    this.#byToken.set(token, user)
    return token
  }

  /** `undefined` for a token that nobody has. */
  identify(request: IncomingMessage): User | undefined {
    const { authorization } = request.headers
    if (authorization !== undefined) return this.#byToken.get(authorization.replace(/^Bearer /, ''))
    const { socket } = request
    if (!(socket instanceof TLSSocket) || !socket.authorized) return anonymous
    const { subject } = socket.getPeerCertificate()
    return { name: String(subject.CN), groups: ['system:authenticated'] }
  }
}
