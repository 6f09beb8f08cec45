/** OTLP's two transports, as `OTEL_EXPORTER_OTLP_PROTOCOL` calls them. */
export const otlpProtocols = ['grpc', 'http/protobuf'] as const

/** One of them. */
export type OtlpProtocol = (typeof otlpProtocols)[number]
