import { isFieldValue } from '../lib/headers/is-field-value.ts'
import type { Clock } from '../lib/clock.ts'
import { version } from '../lib/version.ts'
import type { Impersonation, KubeConnection } from './connect/connection.ts'
import { failed, type KubeResult } from './failure.ts'
import type { TransportAnswer } from './wire/carrier.ts'
import { createCarriers } from './wire/carriers.ts'

/** One question as it goes out. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly body?: { readonly type: string; readonly text: string } | undefined
  /** How long the head of the answer may take. */
  readonly headMs: number
  readonly signal?: AbortSignal | undefined
}

/** Sends to one API server. */
export interface Transport {
  readonly send: (request: TransportRequest) => Promise<KubeResult<TransportAnswer>>
  /** How messages call a question: `GET https://10.96.0.1/api/v1/pods`. */
  readonly name: (request: Pick<TransportRequest, 'method' | 'path'>) => string
  readonly close: () => void
}

/**
 * Opens nothing yet: connections are made as they are needed, kept, and made anew when the credentials of TLS change. A
 * question that is refused for its credentials (401) is asked once more with fresh ones.
 */
export const createTransport = (connection: KubeConnection, env: NodeJS.ProcessEnv, clock: Clock): Transport => {
  const basePath = new URL(connection.server).pathname.replace(/\/$/, '')
  const carrierFor = createCarriers(connection, env, clock)
  const closing = new AbortController()
  const name: Transport['name'] = ({ method, path }) => `${method} ${connection.server}${path}`
  const attempt = async (request: TransportRequest, isRefused: boolean): Promise<KubeResult<TransportAnswer>> => {
    const asked = name(request)
    const credentials = await connection.credentials(isRefused)
    if (!credentials.ok) return failed({ asked, ...credentials.failure })
    const carrier = carrierFor(credentials.value)
    if (!carrier.ok) return failed({ asked, ...carrier.failure })
    const { authorization } = credentials.value
    const { method, path, body, headMs, signal } = request
    const signals = signal === undefined ? [closing.signal] : [closing.signal, signal]
    const headers = headersOf(connection, authorization, body)
    // HTTP/1.1 would fail over others, and HTTP/2 send them.
    const wrong = Object.keys(headers).find((field) => ![headers[field] ?? ''].flat().every(isFieldValue))
    if (wrong !== undefined) {
      const message = `what is to be sent as ${wrong} has a character that no header may have: is there a line break in it?`
      return failed({ asked, reason: 'Credentials', message })
    }
    return carrier.value.send({
      asked,
      method,
      path: `${basePath}${path}`,
      headers,
      body: body?.text,
      headMs,
      signal: AbortSignal.any(signals),
    })
  }
  return {
    name,
    send: async (request) => {
      const first = await attempt(request, false)
      if (!first.ok || first.value.status !== 401) return first
      first.value.body.destroy()
      return attempt(request, true)
    },
    close: () => {
      closing.abort()
      carrierFor.close()
    },
  }
}

const headersOf = (
  { impersonate }: KubeConnection,
  authorization: string | undefined,
  body: TransportRequest['body'],
): Readonly<Record<string, string | string[]>> => ({
  accept: 'application/json',
  'user-agent': `fairway/${version}`,
  ...(authorization === undefined ? {} : { authorization }),
  ...impersonationOf(impersonate),
  ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': String(Buffer.byteLength(body.text)) }),
})

/** Node writes a line for each group. */
const impersonationOf = (as: Impersonation | undefined): Readonly<Record<string, string | string[]>> =>
  as === undefined
    ? {}
    : { 'impersonate-user': as.user, ...(as.groups.length === 0 ? {} : { 'impersonate-group': [...as.groups] }) }
