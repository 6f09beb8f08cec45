import * as s from '../../../lib/schema.ts'

/** Where a provider is: `[NAMESPACE/]HOSTNAME`. */
export interface ProviderService {
  readonly namespace: string | undefined
  readonly hostname: string
}

/** The field `service` of every provider that is somewhere. */
export const providerService: s.Schema<ProviderService> = s.map(
  s.string({
    pattern: /(?:[a-z0-9-]{1,63}\/)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/,
    describe: 'a host name, or NAMESPACE/HOSTNAME',
  }),
  (text) => {
    const slash = text.indexOf('/')
    return { namespace: slash < 0 ? undefined : text.slice(0, slash), hostname: text.slice(slash + 1) }
  },
)
