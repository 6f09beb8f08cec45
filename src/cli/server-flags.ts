/** The flags of every verb that runs a server: where it listens, and what it logs. */
import { isIP } from 'node:net'
import { decodeLogLevel, logLevels, type LogLevel } from '../lib/log.ts'
import { decodeChoice, decodeInteger, usageError, type FlagTable } from './arguments.ts'

export const serverFlags = {
  bind: { type: 'string', default: '::', value: 'ADDR', help: 'default :: with IPv4 as well' },
  'ready-port': { type: 'string', default: '15021', value: 'PORT', help: '/healthz/ready; default 15021' },
  'metrics-port': { type: 'string', default: '15020', value: 'PORT', help: '/stats/prometheus; default 15020' },
  'log-level': {
    type: 'string',
    default: 'info',
    value: 'LEVEL',
    choices: logLevels,
    help: `${logLevels.join(', ')}; default info`,
  },
} as const satisfies FlagTable

/** An IP address; throws `CliError` (64) for anything else. */
export const decodeBind = (text: string): string => {
  if (isIP(text) !== 0) return text
  throw usageError(`--bind ${JSON.stringify(text)} is no IP address`, 'write 0.0.0.0, 127.0.0.1 or :: without brackets')
}

/** 0 to 65,535, where 0 stands for a free one; throws `CliError` (64). */
export const decodePort = (flag: string, text: string): number => decodeInteger(flag, text, { min: 0, max: 65_535 })

/** Throws `CliError` (64), with the levels there are. */
export const decodeLogFlag = (text: string): LogLevel =>
  decodeLogLevel(text) ?? decodeChoice('log-level', text, logLevels)
