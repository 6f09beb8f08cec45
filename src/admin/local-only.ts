import type { IncomingHttpHeaders } from 'node:http'

/**
 * Why a request to the admin port is refused, or `undefined`. The port listens on loopback only, but a browser on the
 * same machine reaches it for any web page: by a host name that was made to resolve to 127.0.0.1 (DNS rebinding; so the
 * Host must be a loopback name), or by a form that posts across sites (so a POST must not come from elsewhere).
 */
export const refuseForeign = (method: string, headers: IncomingHttpHeaders): string | undefined => {
  if (!isLoopbackHost(headers.host)) {
    return 'the Host header must be localhost or a loopback address: the admin API serves this machine only'
  }
  if (method === 'GET' || method === 'HEAD') return undefined
  const isForeignOrigin = headers.origin !== undefined && !isLoopbackOrigin(headers.origin)
  const isCrossSite = headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site'
  return isForeignOrigin || isCrossSite ? 'changes must not be made by another web page' : undefined
}

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?$/i

const isLoopbackHost = (host: string | undefined): boolean => host !== undefined && LOOPBACK.test(host)

const isLoopbackOrigin = (origin: string): boolean =>
  origin.startsWith('http://') && LOOPBACK.test(origin.slice('http://'.length))
