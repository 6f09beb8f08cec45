/** What a Service port speaks, as Istio reads `appProtocol` and port names; `unknown` means find out by looking. */
export type PortProtocol = 'http' | 'http2' | 'grpc' | 'tcp' | 'tls' | 'unknown'
