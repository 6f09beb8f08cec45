import type { H1ResponseHead } from '../http/h1/message.ts'
import type { HeaderList } from '../http/header-list.ts'
import type { Credentials } from '../identity/credentials.ts'
import { createColours, type Colours } from './terminal/colours.ts'
import type { ConnectionFacts } from './hbone-client/connection.ts'
import type { ClientRequest, Exchanged } from './hbone-client/exchange.ts'
import { formatHostPort, type HostPort } from './host-port.ts'
import type { Terminal } from './verb.ts'

/** Tells the steps of one request on stderr: `*` facts, `>` sent, `<` received, as curl does. */
export interface Trace {
  readonly begin: (via: HostPort, credentials: Credentials) => void
  readonly connected: (facts: ConnectionFacts) => void
  readonly tunnelled: (authority: string, connectMs: number) => void
  readonly sent: (request: ClientRequest) => void
  readonly received: (head: H1ResponseHead) => void
  readonly done: (outcome: Extract<Exchanged, { ok: true }>) => void
}

const silent: Trace = {
  begin: () => {},
  connected: () => {},
  tunnelled: () => {},
  sent: () => {},
  received: () => {},
  done: () => {},
}

/** The trace for `-v`, or one that says nothing. */
export const createTrace = (terminal: Terminal, isVerbose: boolean): Trace => {
  if (!isVerbose) return silent
  const colours = createColours(terminal.err, terminal.env)
  const fact = (text: string): void => terminal.err.write(`${colours.dim(`* ${text}`)}\n`)
  return {
    begin: (via, { identity, notAfterMs }) => {
      fact(`waypoint ${formatHostPort(via)}`)
      fact(`we are ${colours.cyan(identity)}, certificate until ${formatTime(notAfterMs)}`)
    },
    connected: (facts) => {
      const where = formatHostPort({ host: facts.address, port: facts.port })
      const group = facts.group === undefined ? '' : `, ${facts.group}`
      fact(`TCP to ${where} in ${formatMs(facts.tcpMs)}`)
      fact(
        `${facts.protocol}, ${facts.cipher}${group}, ALPN h2, both certificates checked, in ${formatMs(facts.tlsMs)}`,
      )
      fact(`the waypoint is ${colours.cyan(facts.peer)}, certificate until ${formatTime(facts.peerNotAfterMs)}`)
    },
    tunnelled: (authority, connectMs) =>
      fact(`CONNECT ${authority} was answered ${colours.green('200')} in ${formatMs(connectMs)}`),
    sent: (request) => {
      const lines = [
        `${request.method} ${request.target} HTTP/1.1`,
        `host: ${request.host}`,
        ...fields(request.headers),
      ]
      terminal.err.write(lines.map((line) => `${colours.cyan('>')} ${line}\n`).join(''))
    },
    received: (head) => {
      const status = paintStatus(colours, head.status)
      const lines = [`HTTP/1.${head.minorVersion} ${status} ${head.reason}`, ...fields(head.headers)]
      terminal.err.write(lines.map((line) => `${colours.green('<')} ${line}\n`).join(''))
    },
    done: ({ headMs, totalMs, bodyBytes }) =>
      fact(`head after ${formatMs(headMs)}, ${bodyBytes} bytes of body, complete after ${formatMs(totalMs)}`),
  }
}

const fields = (headers: HeaderList): string[] => [...headers].map(([name, value]) => `${name}: ${printable(value)}`)

/** A value from outside must not steer the terminal. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e\xa0-\xff]/g, '?')

const paintStatus = (colours: Colours, status: number): string => {
  if (status < 300) return colours.green(String(status))
  return status < 500 ? colours.yellow(String(status)) : colours.red(String(status))
}

const formatMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`

const formatTime = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
