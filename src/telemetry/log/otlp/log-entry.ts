import type { LogAttributes } from '../format/compile-attributes.ts'

/** A record of a log on its way to a collector. */
export interface LogEntry {
  /** Milliseconds since the epoch: when it happened, and when it was over. */
  readonly timeMs: number
  readonly observedMs: number
  readonly severity: 'INFO' | 'WARN' | 'ERROR'
  readonly body: string | undefined
  readonly attributes: LogAttributes
  /** Hex digits; of the exchange's own span where it has one. */
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly isSampled: boolean
}

/** About what one takes in memory. */
export const entryBytes = ({ body, attributes }: LogEntry): number => {
  let bytes = 300 + (body?.length ?? 0)
  for (const name in attributes) {
    const value = attributes[name]
    bytes += 16 + name.length + (typeof value === 'string' ? value.length : 8)
  }
  return bytes
}
