import type { Agent } from 'node:http'
import type { SecureContext } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import { failed, type KubeResult } from '../failure.ts'
import {
  explainLateHead,
  headerOf,
  idleConnectionMs,
  probeConnectionMs,
  type Carrier,
  type TransportAnswer,
  type WireQuestion,
} from './carrier.ts'
import { explainError } from './explain-error.ts'

/** Where the API server is, and what is shown to it. */
export interface WirePlace {
  readonly hostname: string
  readonly port: number
  /** Not given: plain HTTP. */
  readonly tls?: WireTls | undefined
  /** As the environment names them: `HTTPS_PROXY`, `NO_PROXY`. */
  readonly proxies: Readonly<Record<string, string>>
  readonly clock: Clock
}

export interface WireTls {
  readonly secureContext: SecureContext
  /** The name that the server's certificate has to have, if not the server's. */
  readonly serverName: string | undefined
  /** Whoever answers is believed to be the server. */
  readonly isInsecure: boolean
}

/**
 * Carries each question on a connection of its own, which is kept for the next one: for whoever speaks no HTTP/2, and past
 * proxies. Opens nothing yet.
 */
export const createHttp1 = (place: WirePlace): Carrier => {
  const agent = createAgent(place)
  return {
    send: (question) => exchange(place, agent, question),
    // Those that nobody uses go by themselves.
    retire: () => {},
    close: () => agent.destroy(),
  }
}

const createAgent = ({ tls, proxies }: WirePlace): Agent => {
  const shared = {
    keepAlive: true,
    keepAliveMsecs: probeConnectionMs,
    timeout: idleConnectionMs,
    ...(Object.keys(proxies).length === 0 ? {} : { proxyEnv: proxies }),
  }
  const { http, https } = nodeClients()
  if (tls === undefined) return new http.Agent(shared)
  return new https.Agent({
    ...shared,
    // One for all connections: each would make its own, with the roots and all.
    secureContext: tls.secureContext,
    ALPNProtocols: ['http/1.1'],
    // A resumed session is not checked against the server's name.
    maxCachedSessions: 0,
    rejectUnauthorized: !tls.isInsecure,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  })
}

/** An import would ask each module for all that it has, WebSocket among it, and Node would load a whole client for that: 5 MB. */
const nodeClients = () => ({
  http: process.getBuiltinModule('node:http'),
  https: process.getBuiltinModule('node:https'),
})

const exchange = (
  { hostname, port, tls, clock }: WirePlace,
  agent: Agent,
  { asked, method, path, headers, body, headMs, signal }: WireQuestion,
): Promise<KubeResult<TransportAnswer>> => {
  const { promise, resolve } = Promise.withResolvers<KubeResult<TransportAnswer>>()
  const { http, https } = nodeClients()
  const options = { agent, hostname, port, method, path, headers, signal }
  const request = tls === undefined ? http.request(options) : https.request(options)
  let isLate = false
  const cancel = clock.after(headMs, () => {
    isLate = true
    request.destroy()
  })
  request.on('error', (error) => {
    cancel()
    resolve(failed({ asked, ...(isLate ? explainLateHead(headMs) : explainError(error, signal)) }))
  })
  request.on('response', (answer) => {
    cancel()
    // What is wrong with it is told to whoever reads it; nobody may.
    answer.on('error', () => {})
    resolve({ ok: true, value: { status: answer.statusCode ?? 0, header: headerOf(answer.headers), body: answer } })
  })
  request.end(body)
  return promise
}
