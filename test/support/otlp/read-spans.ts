import { hex, read, readAttribute } from './read-message.ts'

/** A span as a collector gets it. Ids are hex digits, times nanoseconds since the epoch. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string
  readonly traceState: string
  readonly name: string
  /** OTLP's number: 2 of a server, 3 of a client. */
  readonly kind: number
  readonly startNs: bigint
  readonly endNs: bigint
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  /** 2 is an error. */
  readonly status: { readonly code: number; readonly message: string }
  readonly flags: number
  readonly resource: Readonly<Record<string, unknown>>
}

/** Reads an `ExportTraceServiceRequest`. */
export const readSpans = (bytes: Uint8Array): readonly ReceivedSpan[] => {
  const spans: ReceivedSpan[] = []
  read(bytes, (field, reader) => {
    if (field === 1) readResourceSpans(reader.bytes(), spans)
  })
  return spans
}

const readResourceSpans = (bytes: Uint8Array, spans: ReceivedSpan[]): void => {
  const resource: Record<string, unknown> = {}
  const scopes: Uint8Array[] = []
  read(bytes, (field, reader) => {
    if (field === 1) {
      read(reader.bytes(), (inner, attributes) => {
        if (inner === 1) readAttribute(attributes.bytes(), resource)
      })
    } else if (field === 2) scopes.push(reader.bytes())
  })
  for (const scope of scopes) {
    read(scope, (field, reader) => {
      if (field === 2) spans.push(readSpan(reader.bytes(), resource))
    })
  }
}

const readSpan = (bytes: Uint8Array, resource: ReceivedSpan['resource']): ReceivedSpan => {
  const attributes: Record<string, unknown> = {}
  const links: { traceId: string; spanId: string }[] = []
  const status = { code: 0, message: '' }
  const span = { traceId: '', spanId: '', parentId: '', traceState: '', name: '', kind: 0, flags: 0 }
  const times = { startNs: 0n, endNs: 0n }
  read(bytes, (field, reader) => {
    switch (field) {
      case 1:
        return void (span.traceId = hex(reader))
      case 2:
        return void (span.spanId = hex(reader))
      case 3:
        return void (span.traceState = reader.string())
      case 4:
        return void (span.parentId = hex(reader))
      case 5:
        return void (span.name = reader.string())
      case 6:
        return void (span.kind = reader.int32())
      case 7:
        return void (times.startNs = BigInt(reader.fixed64()))
      case 8:
        return void (times.endNs = BigInt(reader.fixed64()))
      case 9:
        return readAttribute(reader.bytes(), attributes)
      case 13:
        return void links.push(readLink(reader.bytes()))
      case 15:
        return read(reader.bytes(), (inner, of) => {
          if (inner === 2) status.message = of.string()
          else if (inner === 3) status.code = of.int32()
        })
      case 16:
        return void (span.flags = reader.fixed32())
    }
  })
  return { ...span, ...times, attributes, links, status, resource }
}

const readLink = (bytes: Uint8Array): { traceId: string; spanId: string } => {
  const link = { traceId: '', spanId: '' }
  read(bytes, (field, reader) => {
    if (field === 1) link.traceId = hex(reader)
    else if (field === 2) link.spanId = hex(reader)
  })
  return link
}
