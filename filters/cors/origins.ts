import { schema } from 'fairway/filter'

const wellKnownPorts: Readonly<Record<string, number>> = { http: 80, https: 443 }

/** CORSOrigin of the Gateway API: `*`, or `scheme://host[:port]` whose host may be `*` or begin with `*.`. */
export const corsOrigin = schema.refine(
  schema.string({
    minLength: 1,
    maxLength: 253,
    pattern: /\*|https?:\/\/(?:(?:\*\.)?(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+|\*)(?::[0-9]{1,5})?/,
    describe: '* or scheme://host[:port] with http or https, where the host may be * or begin with *.',
  }),
  (origin, path) => {
    const port = /:([0-9]+)$/.exec(origin)?.[1]
    return port === undefined || (Number(port) >= 1 && Number(port) <= 65_535)
      ? []
      : [{ message: 'is no port', path, found: port, expected: 'a port from 1 to 65535' }]
  },
)

/**
 * Says which values of the Origin header are among `allowed`. Scheme and host are compared without regard to case, a
 * missing port is the scheme's own, and a `*` stands for at least one label. What is not one origin as RFC 6454 writes
 * it (several, one with a path or a user name) is never allowed, so that whatever is may be written into a response.
 */
export const createOriginMatcher = (allowed: readonly string[]): ((origin: string) => boolean) => {
  if (allowed.includes('*')) return isOrigin
  const exact = new Set<string>()
  const wildcards: { readonly scheme: string; readonly suffix: string; readonly port: number | undefined }[] = []
  for (const written of allowed) {
    const [, scheme = '', host = '', port] = /^(https?):\/\/([^:]+)(?::([0-9]+))?$/.exec(written.toLowerCase()) ?? []
    if (host.startsWith('*')) wildcards.push({ scheme, suffix: host.slice(1), port: portOf(scheme, port) })
    else exact.add(canonical(scheme, host, portOf(scheme, port)))
  }
  return (origin) => {
    // Browsers send the canonical form.
    if (exact.has(origin)) return true
    const parts = webOrigin.exec(origin)
    if (parts === null) return false
    const scheme = parts[1]?.toLowerCase() ?? ''
    const host = parts[2]?.toLowerCase() ?? ''
    const port = portOf(scheme, parts[3])
    if (exact.has(canonical(scheme, host, port))) return true
    return wildcards.some(
      (one) =>
        one.scheme === scheme && one.port === port && host.length > one.suffix.length && host.endsWith(one.suffix),
    )
  }
}

/** An origin of http or https: scheme, host, port. */
const webOrigin = /^(https?):\/\/([a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/i

/** Any origin, also those of extensions and apps, and `null`; nothing that could be a list or go on with a path. */
const anyOrigin = /^(?:null|[a-z][a-z0-9+.-]*:\/\/[a-z0-9._~!$&'()*+;=%:[\]-]*)$/i

const isOrigin = (origin: string): boolean => anyOrigin.test(origin)

const portOf = (scheme: string, port: string | undefined): number | undefined =>
  port === undefined ? wellKnownPorts[scheme] : Number(port)

const canonical = (scheme: string, host: string, port: number | undefined): string =>
  port === wellKnownPorts[scheme] ? `${scheme}://${host}` : `${scheme}://${host}:${port}`
