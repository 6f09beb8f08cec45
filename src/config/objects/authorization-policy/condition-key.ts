import type { PlainField, PolicyField } from '../../../model/security/authorization.ts'

/** The keys of a `when` that stand for themselves. */
const plainKeys: readonly PlainField[] = [
  'source.ip',
  'source.namespace',
  'source.principal',
  'source.serviceAccount',
  'source.trustDomain',
  'remote.ip',
  'request.auth.principal',
  'request.auth.audiences',
  'request.auth.presenter',
  'destination.ip',
  'destination.port',
  'connection.sni',
]

/** For messages: every key that is known. */
export const knownKeys: readonly string[] = [
  ...plainKeys,
  'request.headers[NAME]',
  'request.experimental.inline.headers[NAME]',
  'request.auth.claims[NAME]',
]

const HEADERS = /^request\.(headers|experimental\.inline\.headers)\[(:?[!#$%&'*+.^_`|~0-9A-Za-z-]+)\]$/
const CLAIMS = /^request\.auth\.claims((?:\[[^[\]]+\])+)$/

/** What the key of a condition is about; `undefined` when nobody knows. */
export const parseConditionKey = (key: string): PolicyField | undefined => {
  const plain = plainKeys.find((known) => known === key)
  if (plain !== undefined) return { kind: plain }
  const [, family, name] = HEADERS.exec(key) ?? []
  if (name !== undefined) {
    const kind = family === 'headers' ? 'request.headers' : 'request.experimental.inline.headers'
    return { kind, name: name.toLowerCase() }
  }
  const [, brackets] = CLAIMS.exec(key) ?? []
  return brackets === undefined ? undefined : { kind: 'request.auth.claims', names: brackets.slice(1, -1).split('][') }
}
