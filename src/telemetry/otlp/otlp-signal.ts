/** What is told by OTLP, and where it goes. */

export type SignalName = 'TRACES' | 'LOGS'

export interface OtlpSignal {
  /** As variables of the environment have it. */
  readonly name: SignalName
  /** Of gRPC: `/opentelemetry.proto.collector.trace.v1.TraceService/Export` */
  readonly method: string
  /** Of HTTP, below the root of all signals: `v1/traces` */
  readonly path: string
}

export const otlpSignals: { readonly [Name in SignalName]: OtlpSignal & { readonly name: Name } } = {
  TRACES: {
    name: 'TRACES',
    method: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    path: 'v1/traces',
  },
  LOGS: {
    name: 'LOGS',
    method: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
    path: 'v1/logs',
  },
}
