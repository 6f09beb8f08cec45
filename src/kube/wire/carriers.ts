import { createSecureContext, rootCertificates } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import type { KubeConnection, KubeCredentials } from '../connect/connection.ts'
import type { KubeFailure } from '../failure.ts'
import type { Carrier } from './carrier.ts'
import { createHttp1, type WirePlace, type WireTls } from './http1.ts'
import { Http2Sessions } from './http2.ts'

/** Gives what carries questions with these credentials; the same as long as those of TLS are. */
export interface Carriers {
  (credentials: KubeCredentials): CarrierResult
  readonly close: () => void
}

/** A carrier, or what is wrong with the credentials. */
export type CarrierResult =
  | { readonly ok: true; readonly value: Carrier }
  | { readonly ok: false; readonly failure: Pick<KubeFailure, 'reason' | 'message'> }

export const createCarriers = (connection: KubeConnection, env: NodeJS.ProcessEnv, clock: Clock): Carriers => {
  const place = placeOf(connection, env, clock)
  const isPlain = connection.server.startsWith('http:')
  let carrier: Carrier | undefined
  let made: KubeCredentials | undefined
  const make = (credentials: KubeCredentials): Carrier => {
    if (isPlain) return createHttp1(place)
    const tls = tlsOf(connection, credentials)
    // Node has a way through proxies for HTTP/1.1.
    return Object.keys(place.proxies).length > 0 ? createHttp1({ ...place, tls }) : createEither(place, tls)
  }
  const carrierFor = (credentials: KubeCredentials): CarrierResult => {
    const isSame =
      made?.ca === credentials.ca && made?.certificate === credentials.certificate && made?.key === credentials.key
    if (carrier !== undefined && isSame) return { ok: true, value: carrier }
    try {
      const next = make(credentials)
      carrier?.retire()
      carrier = next
      made = credentials
      return { ok: true, value: next }
    } catch (error) {
      const message = `the certificate, key or CA cannot be used: ${error instanceof Error ? error.message : String(error)}`
      return { ok: false, failure: { reason: 'Credentials', message } }
    }
  }
  return Object.assign(carrierFor, { close: () => carrier?.close() })
}

/** By HTTP/2, unless the server says that it does not speak it. */
const createEither = (place: WirePlace, tls: WireTls): Carrier => {
  const http2 = new Http2Sessions({ ...place, tls })
  let http1: Carrier | undefined
  return {
    send: async (question) => {
      const sent = http1 === undefined ? await http2.send(question) : 'http1'
      if (sent !== 'http1') return sent
      http1 ??= createHttp1({ ...place, tls })
      return http1.send(question)
    },
    retire: () => http2.retire(),
    close: () => {
      http2.close()
      http1?.close()
    },
  }
}

const placeOf = ({ server, proxyUrl }: KubeConnection, env: NodeJS.ProcessEnv, clock: Clock): WirePlace => {
  const { hostname, port, protocol } = new URL(server)
  return {
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
    proxies: proxyUrl === undefined ? proxiesOf(env) : { HTTPS_PROXY: proxyUrl, HTTP_PROXY: proxyUrl },
    clock,
  }
}

const tlsOf = ({ serverName, isInsecure }: KubeConnection, { ca, certificate, key }: KubeCredentials): WireTls => ({
  secureContext: createSecureContext({
    minVersion: 'TLSv1.2',
    ca: ca ?? [...rootCertificates],
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
  }),
  serverName,
  isInsecure,
})

/** As client-go does it. */
const proxiesOf = (env: NodeJS.ProcessEnv): Readonly<Record<string, string>> => {
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']
  const found = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]))
  return found.some(([name]) => /https?_proxy/i.test(name)) ? Object.fromEntries(found) : {}
}
