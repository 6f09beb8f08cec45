import type { ConnectionPlan, ConnectionResolution, ConnectionTable, Frontend, SniTable } from './snapshot.ts'

/**
 * What is to be done with a tunnel to a frontend before anything is known of what is in it:
 * - `http`: it speaks HTTP; its first bytes say which version;
 * - `tcp`: nothing is to be looked for, `resolveTcp` says where it goes at once;
 * - `tls`: a ClientHello is to be waited for, whose server name `resolveTls` wants;
 * - `sniff`: find out. HTTP is served as `http`, a ClientHello asks `resolveTls`, anything else (silence too) `resolveTcp`.
 */
export type TunnelKind = 'http' | 'tcp' | 'tls' | 'sniff'

/**
 * What a client may speak at a frontend: routes that act on connections decide before the declaration of the port does
 * (who attaches a TCPRoute to a port of HTTP wants its bytes left alone). `sourceNamespace` as for `resolve`.
 */
export const tunnelKindOf = (frontend: Frontend, sourceNamespace: string | undefined): TunnelKind => {
  const table = connectionTableOf(frontend, sourceNamespace)
  const forBytes = frontend.authorization?.wantsServerName === true ? 'tls' : 'tcp'
  if (table !== undefined) return table.kind === 'tls' ? 'tls' : forBytes
  switch (frontend.protocol) {
    case 'http':
    case 'http2':
    case 'grpc':
      return 'http'
    // Where neither a TLSRoute nor a policy asks for its name, TLS is bytes like any other.
    case 'tcp':
    case 'tls':
      return forBytes
    case 'unknown':
      return 'sniff'
  }
}

/**
 * Decides where a connection goes that is not TLS, or not looked into. To be asked once, when the tunnel's kind is
 * known; the connection stays there whatever becomes of the configuration. Allocates only to refuse.
 * - `backends`: pick one by weight (`Balancer.pickBackend`); one of kind `invalid` refuses its share;
 * - `pass-through`: to the frontend's own endpoints (no routes, or such as act on requests and this is none);
 * - `refused`: end it with an error that the client sees.
 */
export const resolveTcp = (frontend: Frontend, sourceNamespace: string | undefined): ConnectionResolution => {
  const table = connectionTableOf(frontend, sourceNamespace)
  if (frontend.closed !== undefined) return refuseClosed(frontend.closed)
  if (table === undefined) return frontend.passThrough
  return table.kind === 'tcp' ? carry(table.plan) : table.notTls
}

/**
 * Decides where a connection goes that begins with a ClientHello: as `resolveTcp`, but by its server name where there
 * are TLSRoutes. `sni` in any case of letters; `undefined` when the hello has none. A hello inside ECH counts with its
 * outer name. What is relayed is the client's own TLS: the `tls` of an endpoint group (BackendTLSPolicy) is not to be
 * put around it.
 */
export const resolveTls = (
  frontend: Frontend,
  sourceNamespace: string | undefined,
  sni: string | undefined,
): ConnectionResolution => {
  const table = connectionTableOf(frontend, sourceNamespace)
  if (frontend.closed !== undefined) return refuseClosed(frontend.closed)
  if (table === undefined) return frontend.passThrough
  if (table.kind === 'tcp') return carry(table.plan)
  const plan = findSni(table, sni)
  return plan === undefined ? table.noMatch : carry(plan)
}

/** The route set that acts on a client's connections; `undefined` when none does. */
export const connectionTableOf = (
  { connections, consumers }: Frontend,
  sourceNamespace: string | undefined,
): ConnectionTable | undefined => {
  if (connections === undefined) return undefined
  if (sourceNamespace === undefined) return connections.producer
  const own = connections.consumers.get(sourceNamespace)
  if (own !== undefined) return own
  return consumers.has(sourceNamespace) ? undefined : connections.producer
}

/** The exact name, else the longest wildcard that it is below, else whatever takes any. */
const findSni = ({ exact, wildcards, any }: SniTable, sni: string | undefined): ConnectionPlan | undefined => {
  if (sni === undefined) return any
  const name = sni.toLowerCase()
  const found = exact.get(name)
  if (found !== undefined) return found
  // From 1: a wildcard stands for one label at least, and none is empty.
  for (let dot = name.indexOf('.', 1); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const below = wildcards.get(name.slice(dot))
    if (below !== undefined) return below
  }
  return any
}

const carry = (plan: ConnectionPlan): ConnectionResolution => plan.refused ?? plan

const refuseClosed = (reason: string): ConnectionResolution => ({
  kind: 'refused',
  cause: 'closed',
  reason,
  route: undefined,
})
