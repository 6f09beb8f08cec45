import type { TLSSocket } from 'node:tls'

/** What a handshake whose group nobody tells is counted under. */
export const UNKNOWN_GROUP = 'unknown'

/** OpenSSL has two names for some; these are IANA's, as in `--tls-groups`, as far as that knows them. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'P-256'],
  ['secp256r1', 'P-256'],
  ['secp384r1', 'P-384'],
  ['secp521r1', 'P-521'],
])

const nameGroup = (group: string): string => NAMES.get(group.toLowerCase()) ?? group

/** The key exchange group of a connection that we opened. */
export const groupOfClient = (socket: Pick<TLSSocket, 'getEphemeralKeyInfo'>): string => {
  const info: unknown = socket.getEphemeralKeyInfo()
  if (typeof info !== 'object' || info === null || !('name' in info)) return UNKNOWN_GROUP
  return typeof info.name === 'string' && info.name !== '' ? nameGroup(info.name) : UNKNOWN_GROUP
}

/**
 * The group of all connections that we accept, if it can be but one: Node does not tell a server which one was agreed
 * on. `groups` is `TlsSettings.groups`.
 */
export const groupOfServer = (groups: string | undefined): string => {
  const [only, ...others] = (groups ?? '').split(':')
  return only === undefined || only === '' || others.length > 0 ? UNKNOWN_GROUP : nameGroup(only)
}
