/** A line of the waypoint's log, as far as a person at the demo needs it. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly text: string
}

/** Reads a JSON log line; what is no such line (a crash, say) is an error with its own text. */
export const decodeLogLine = (line: string): LogLine | undefined => {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('message' in value)) return undefined
    const level = 'level' in value ? value.level : 'info'
    const known = (['debug', 'info', 'warn', 'error'] as const).find((name) => name === level) ?? 'info'
    return { level: known, text: printable(String(value.message)) }
  } catch {
    return line.trim() === '' ? undefined : { level: 'error', text: printable(line) }
  }
}

/** What is in a file that somebody edits must not steer the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')
