import { isPlainObject } from '../../../../lib/schema.ts'
import type { KeySource } from '../../../../model/security/authentication.ts'
import type { FetchedText, FetchText } from './fetch-text.ts'

/** Where keys have to be fetched from. */
export type RemoteKeySource = Exclude<KeySource, { kind: 'inline' }>

/** Gets the key set of an issuer as text; with discovery its configuration is asked for the address each time. */
export const fetchKeys = async (
  source: RemoteKeySource,
  fetchText: FetchText,
  signal: AbortSignal,
): Promise<FetchedText> => {
  const limits = { timeoutMs: source.timeoutMs, signal }
  if (source.kind === 'uri') return fetchText(source.uri, limits)
  // OpenID Connect Discovery 1.0 section 4: the slash at its end is taken off first.
  const address = `${withoutSlash(source.issuer)}/.well-known/openid-configuration`
  const { text } = await fetchText(address, limits)
  return fetchText(addressOf(text, { address, issuer: source.issuer }), limits)
}

const addressOf = (
  text: string,
  { address, issuer }: { readonly address: string; readonly issuer: string },
): string => {
  let configuration: unknown
  try {
    configuration = JSON.parse(text)
  } catch {
    configuration = undefined
  }
  const found = isPlainObject(configuration) ? configuration : {}
  // Section 4.3: else anybody's keys would do.
  const { issuer: named } = found
  if (typeof named === 'string' && withoutSlash(named) !== withoutSlash(issuer)) {
    throw new Error(`GET ${address}: the configuration is of issuer ${named}, not of ${issuer}`)
  }
  const uri = found['jwks_uri']
  const url = typeof uri === 'string' ? URL.parse(uri) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error(`GET ${address}: the configuration has no jwks_uri with http or https`)
  }
  // As with redirects: what was asked for safely must not come from whoever is in between.
  if (issuer.startsWith('https:') && url.protocol !== 'https:') {
    throw new Error(`GET ${address}: its jwks_uri ${url.href} is not of https, as the issuer is`)
  }
  return url.href
}

const withoutSlash = (url: string): string => url.replace(/\/$/, '')
