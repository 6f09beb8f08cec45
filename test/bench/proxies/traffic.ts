/** What goes through the proxies, as far as they have to be told. */
export type Traffic = 'http' | 'bodies' | 'websocket' | 'h2c' | 'grpc' | 'tcp'

/** Where the one rule's path begins. */
export const PATH_PREFIX = '/api'
/** The service of the gRPC calls, whose paths begin with it. */
export const GRPC_SERVICE = 'bench.Api'

/** What the peers' one rule matches. */
export const pathPrefixOf = (traffic: Traffic): string => (traffic === 'grpc' ? `/${GRPC_SERVICE}` : PATH_PREFIX)
