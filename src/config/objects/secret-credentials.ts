import { hash } from 'node:crypto'

/** A client with the hash of what it shows: `{SHA256}` and base64. */
export interface SecretCredential {
  readonly client: string
  readonly hash: string
}

/** Types of Secrets that filters may refer to; of any other nothing is kept, so that no policy can ask what is in it. */
export const credentialTypes = {
  /** Each entry is a client, and its key. Only hashes are kept. */
  ApiKey: 'fairway.dev/api-keys',
  /** Lines `USER:HASH`, as htpasswd writes them. */
  BasicAuth: 'fairway.dev/htpasswd',
} as const

/** What a Secret of such a type has, by its decoded entries, which are asked for then only; `undefined` for another type. */
export const readCredentials = (
  type: string,
  readEntries: () => readonly (readonly [name: string, value: string])[],
): readonly SecretCredential[] | undefined => {
  switch (type) {
    case credentialTypes.ApiKey:
      return readEntries().flatMap(([client, value]) => {
        // Editors and `--from-file` leave a line end behind; and an empty key would be everybody's.
        const key = value.trim()
        return key === '' ? [] : [{ client, hash: `{SHA256}${hash('sha256', key, 'base64')}` }]
      })
    case credentialTypes.BasicAuth:
      return readEntries().flatMap(([, value]) => value.split('\n').flatMap(lineOf))
    default:
      return undefined
  }
}

const lineOf = (line: string): readonly SecretCredential[] => {
  const text = line.trim()
  const colon = text.indexOf(':')
  return colon <= 0 || text.startsWith('#') ? [] : [{ client: text.slice(0, colon), hash: text.slice(colon + 1) }]
}
