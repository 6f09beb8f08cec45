import { hex, read, readAttribute, readValue } from './read-message.ts'

/** A record of a log as a collector gets it. */
export interface ReceivedLog {
  readonly timeNs: bigint
  readonly severity: string
  readonly body: unknown
  readonly attributes: Readonly<Record<string, unknown>>
  readonly traceId: string
  readonly spanId: string
  readonly resource: Readonly<Record<string, unknown>>
}

/** Reads an `ExportLogsServiceRequest`. */
export const readLogs = (bytes: Uint8Array): readonly ReceivedLog[] => {
  const logs: ReceivedLog[] = []
  read(bytes, (field, reader) => {
    if (field === 1) readResourceLogs(reader.bytes(), logs)
  })
  return logs
}

const readResourceLogs = (bytes: Uint8Array, logs: ReceivedLog[]): void => {
  const resource: Record<string, unknown> = {}
  read(bytes, (field, reader) => {
    if (field === 1) read(reader.bytes(), (inner, of) => void (inner === 1 && readAttribute(of.bytes(), resource)))
    if (field === 2) {
      read(reader.bytes(), (inner, of) => {
        if (inner === 2) logs.push({ ...readLog(of.bytes()), resource })
      })
    }
  })
}

const readLog = (bytes: Uint8Array): Omit<ReceivedLog, 'resource'> => {
  const attributes: Record<string, unknown> = {}
  const log = { timeNs: 0n, severity: '', body: undefined as unknown, traceId: '', spanId: '', attributes }
  read(bytes, (field, reader) => {
    if (field === 1) log.timeNs = BigInt(reader.fixed64())
    if (field === 3) log.severity = reader.string()
    if (field === 5) log.body = readValue(reader.bytes())
    if (field === 6) readAttribute(reader.bytes(), attributes)
    if (field === 9) log.traceId = hex(reader)
    if (field === 10) log.spanId = hex(reader)
  })
  return log
}
