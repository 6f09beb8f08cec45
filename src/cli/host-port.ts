import { isIPv6 } from 'node:net'
import { joinHostPort } from '../lib/ip.ts'
import { usageError } from './arguments.ts'

export interface HostPort {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** Reads `HOST:PORT`, `[IPv6]:PORT`, or a host alone when there is a `defaultPort`; throws a usage error otherwise. */
export const decodeHostPort = (flag: string, text: string, defaultPort?: number): HostPort => {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]@]+))(?::(\d{1,5}))?$/.exec(text)
  const [, bracketed, plain, portText] = match ?? []
  const host = bracketed ?? plain
  const port = portText === undefined ? defaultPort : Number(portText)
  const isHost = bracketed === undefined || isIPv6(bracketed)
  if (host !== undefined && isHost && port !== undefined && port > 0 && port < 65_536) return { host, port }
  const form = defaultPort === undefined ? 'HOST:PORT' : 'HOST or HOST:PORT'
  throw usageError(
    `${flag} ${JSON.stringify(text)} is not of the form ${form}`,
    'IPv6 addresses stand in brackets: [::1]:80',
  )
}

/** Writes an authority: IPv6 in brackets. */
export const formatHostPort = ({ host, port }: HostPort): string => joinHostPort(host, port)
