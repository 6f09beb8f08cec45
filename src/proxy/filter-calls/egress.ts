import { createRequire } from 'node:module'
import type { Agent, Dispatcher } from 'undici'
import { CallError } from '../../filter/env/calls.ts'
import { errorCode } from '../../lib/errors/error-code.ts'

/** Makes what calls leave the mesh by. */
export type MakeAgent = () => Dispatcher

/** Connections to one host. */
const MAX_CONNECTIONS = 64
const CONNECT_MS = 10_000

/** `api.example.com`, `*.example.com`, either with `:8443`; without a port 443 is meant. */
const ENTRY = /^(\*\.)?([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)(?::([1-9][0-9]{0,4}))?$/

/** Why an entry of `--filter-egress` is none; `undefined` when it is one. */
export const refusalOfEgress = (entry: string): string | undefined =>
  ENTRY.test(entry.toLowerCase())
    ? undefined
    : `${entry}: api.example.com or *.example.com, with :PORT if it is not 443`

/** Hosts outside of the mesh that filters may call. */
export class Egress {
  readonly #entries: readonly {
    readonly text: string
    readonly suffix: string
    readonly isWild: boolean
    readonly port: number
  }[]
  readonly #makeAgent: MakeAgent
  #agent: Dispatcher | undefined

  constructor(entries: readonly string[], makeAgent: MakeAgent = loadAgent) {
    this.#entries = entries.flatMap((entry) => {
      const [, wild, host, port = '443'] = ENTRY.exec(entry.toLowerCase()) ?? []
      if (host === undefined) return []
      const isWild = wild !== undefined
      return [{ text: entry.toLowerCase(), suffix: isWild ? `.${host}` : host, isWild, port: Number(port) }]
    })
    this.#makeAgent = makeAgent
  }

  /** The entry that allows a host, which is its label in metrics; `undefined` when none does. */
  allows(hostname: string, port: number): string | undefined {
    const host = hostname.replace(/\.$/, '')
    return this.#entries.find(
      ({ suffix, isWild, port: allowed }) => port === allowed && (isWild ? host.endsWith(suffix) : host === suffix),
    )?.text
  }

  /** Shared by all filters; undici's client is loaded with the first call. */
  get agent(): Dispatcher {
    this.#agent ??= this.#makeAgent()
    return this.#agent
  }

  close(): void {
    void this.#agent?.destroy()
  }
}

/** The other end must show a certificate that Node trusts, for the host that was called. */
const loadAgent: MakeAgent = () => {
  const Client = createRequire(import.meta.url)('undici/lib/dispatcher/agent.js') as typeof Agent
  return new Client({ connections: MAX_CONNECTIONS, connect: { timeout: CONNECT_MS, rejectUnauthorized: true } })
}

/** What undici, TLS or the system say of a call that left the mesh, as an error of ours. */
export const explainEgress = (callee: string, error: Error): CallError => {
  const code = errorCode(error) ?? ''
  if (/TIMEOUT|TIMEDOUT/.test(code)) return new CallError('ETIMEDOUT', `${callee}: ${error.message}`, error)
  const isBegun = code === 'UND_ERR_SOCKET' || code === 'ECONNRESET'
  return new CallError(isBegun ? 'ECONNRESET' : 'ECONNREFUSED', `${callee}: ${error.message}`, error)
}
