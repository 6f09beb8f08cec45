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
    const generation = 'generation' in value ? ` (generation ${String(value.generation)})` : ''
    return { level: known, text: printable(`${String(value.message)}${generation}`) }
  } catch {
    return line.trim() === '' ? undefined : { level: 'error', text: printable(line) }
  }
}

/** The line to show: the latest one, but the first of several complaints outlives what directly follows it. */
export class LogWatch {
  #shown: LogLine | undefined
  #isComplaintNew = false

  /** Takes a line of the log as it was written. */
  note(line: string): void {
    const decoded = decodeLogLine(line)
    if (decoded === undefined || decoded.level === 'debug') return
    const isComplaint = decoded.level === 'warn' || decoded.level === 'error'
    // A waypoint first says what is wrong and in which line, then what that leads to, then that the rest is in force.
    if (!this.#isComplaintNew) this.#shown = decoded
    this.#isComplaintNew = isComplaint
  }

  get shown(): LogLine | undefined {
    return this.#shown
  }
}

/** What is in a file that somebody edits must not steer the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')
