import { decodeLogLine } from '../../demo/log-line.ts'
import { packageRoot } from '../package-root.ts'

/** What a developer needs of a line of the waypoint's log: bad news, and what becomes of filters. */
export const wordsOfLog = (line: string): string | undefined => {
  // Node's own words, which tools look for.
  if (/^Debugger (?:listening|attached)/.test(line)) return line
  if (/^(?:For help, see: https:|Waiting for the debugger)/.test(line)) return undefined
  const decoded = decodeLogLine(line)
  if (decoded === undefined) return undefined
  const { level, text } = decoded
  if (level === 'warn' || level === 'error') return `${level}: ${withoutOurs(text)}`
  return level === 'info' && /\bfilters?\b/i.test(text) ? text : undefined
}

/** Whether a configuration has taken over, and with it perhaps another version of a filter. */
export const isInForce = (line: string): boolean => line.includes('configuration in force')

/** A stack has the filter's own places; what called it is of no interest to its author. */
const withoutOurs = (text: string): string => {
  const [head = '', ...frames] = text.split(/ +at (?=\S+ \(|file:|#|new )/)
  const own = frames.filter((frame) => !frame.includes(`${packageRoot}/src/`) && !frame.includes('node:'))
  return [head, ...own.map((frame) => `    at ${frame}`)].join('\n')
}
