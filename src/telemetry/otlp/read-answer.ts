import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { SignalName } from './otlp-signal.ts'

/** The answer of a collector, which may have taken a part. */
export interface PartialAnswer {
  readonly partialSuccess?: { readonly errorMessage?: string }
}

const serializers = { TRACES: ProtobufTraceSerializer, LOGS: ProtobufLogsSerializer } as const

/** Reads an `Export…ServiceResponse`; throws when it is none. */
export const readAnswer = (name: SignalName, message: Uint8Array): PartialAnswer =>
  serializers[name].deserializeResponse(message)
