import * as s from '../../lib/schema.ts'

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

const watchedFilter = s.object({ id: s.string(), version: s.string() })
const blameSchema = s.object({
  filters: s.array(watchedFilter),
  kind: s.oneOf(['loop', 'memory', 'throw']),
  message: s.string(),
  location: s.optional(s.string()),
  isAlive: s.optional(s.boolean()),
})
const reportSchema = s.union('kind', {
  blame: s.object({ kind: s.oneOf(['blame']), blame: blameSchema }),
  suspect: s.object({ kind: s.oneOf(['suspect']), filter: watchedFilter }),
  clear: s.object({ kind: s.oneOf(['clear']) }),
})

/** Where the pipe is, in a worker. */
export const REPORT_FD = 4

/** A line of the pipe. */
export const encodeReport = (report: Report): string => `${JSON.stringify(report)}\n`

/** No report is longer: whoever writes more writes something else. */
const MAX_CHARS = 1024 * 1024

/**
 * Reads reports from what comes through the pipe, in whatever pieces. Filters run in the process at the other end, and may
 * have written into it: what is no report is nothing, and never the end of who reads.
 */
export const createReportReader = (onReport: (report: Report) => void): ((piece: string) => void) => {
  let held = ''
  return (piece) => {
    const lines = `${held}${piece}`.split('\n')
    held = lines.pop() ?? ''
    if (held.length > MAX_CHARS) held = ''
    for (const line of lines) {
      const report = decodeReport(line)
      if (report !== undefined) onReport(report)
    }
  }
}

const decodeReport = (line: string): Report | undefined => {
  try {
    const decoded = reportSchema.decode(JSON.parse(line), 'report')
    return decoded.ok ? decoded.value : undefined
  } catch {
    return undefined
  }
}
