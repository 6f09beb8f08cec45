/** Who did what to a process, as far as its watchdog knows. */
export interface Blame {
  /** More than one when it cannot be told which of them it is. */
  readonly filters: readonly WatchedFilter[]
  readonly kind: 'loop' | 'memory' | 'throw'
  readonly message: string
  readonly location?: string
  /** The process serves on, and asks for another one to take its place. */
  readonly isAlive?: boolean
}

export interface WatchedFilter {
  readonly id: string
  readonly version: string
}

/** What a process, or its watchdog, tells the primary over a pipe of its own, since the loop may be stuck. */
export type Report =
  | { readonly kind: 'blame'; readonly blame: Blame }
  /** Its hook has been running for a while: should the process die now, it was that. */
  | { readonly kind: 'suspect'; readonly filter: WatchedFilter }
  | { readonly kind: 'clear' }

/** Where the pipe is, in a worker. */
export const REPORT_FD = 4

/** A line of the pipe. */
export const encodeReport = (report: Report): string => `${JSON.stringify(report)}\n`

/** Reads reports from what comes through the pipe, in whatever pieces. */
export const createReportReader = (onReport: (report: Report) => void): ((piece: string) => void) => {
  let held = ''
  return (piece) => {
    const lines = `${held}${piece}`.split('\n')
    held = lines.pop() ?? ''
    // Both ends are this very program.
    for (const line of lines) onReport(JSON.parse(line) as Report)
  }
}
