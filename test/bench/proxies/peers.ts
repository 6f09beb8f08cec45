import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { ADDED_HEADER } from '../backend/responder.ts'
import { COMMON_NAME } from '../support/certificates.ts'
import { canConnect } from '../support/can-connect.ts'
import { pinned } from '../support/pinning.ts'
import { waitFor } from '../support/wait-for.ts'
import type { ProxyContext } from './context.ts'
import { formatHaproxy } from './haproxy/configuration.ts'
import { formatNginx } from './nginx/configuration.ts'
import { askProgram, findProgram } from './program.ts'
import type { RunningProxy } from './proxy.ts'
import { pathPrefixOf } from './traffic.ts'

const READY_DEADLINE_MS = 10_000

/** A proxy that ours is compared with. */
export interface Peer {
  readonly name: 'nginx-tls' | 'nginx-plain' | 'haproxy'
  readonly program: 'nginx' | 'haproxy'
  readonly isTls: boolean
}

export const peers: readonly Peer[] = [
  { name: 'nginx-tls', program: 'nginx', isTls: true },
  { name: 'nginx-plain', program: 'nginx', isTls: false },
  { name: 'haproxy', program: 'haproxy', isTls: true },
]

/** Starts a peer in the foreground with one worker; throws with the reason when it is not installed or does not start. */
export const startPeer = async (peer: Peer, context: ProxyContext): Promise<RunningProxy> => {
  const program = findProgram(peer.program)
  if (program === undefined) throw new Error(`${peer.program} is not installed`)
  const port = await pickFreePort()
  const configFile = join(context.dir, `${peer.name}.conf`)
  writeFileSync(configFile, formatConfiguration(peer, context, { program, port }))
  const args = peer.program === 'nginx' ? ['-c', configFile, '-p', context.dir] : ['-db', '-f', configFile]
  const start = pinned('proxy', program, args)
  const child = context.children.spawn(start.command, start.args)
  await waitFor(`${peer.name} listens`, READY_DEADLINE_MS, async () => {
    if (child.hasExited()) throw new Error(`${peer.name} ended: ${child.stderr()}`)
    return (await canConnect(port)) ? true : undefined
  })
  return {
    name: peer.name,
    version: /\d+\.\d+\.\d+/.exec(askProgram(program, '-v'))?.[0] ?? 'unknown',
    mode: peer.isTls ? 'https' : 'http',
    host: '127.0.0.1',
    port,
    pid: child.pid,
    stop: () => child.stop(),
  }
}

const formatConfiguration = (
  peer: Peer,
  context: ProxyContext,
  { program, port }: { readonly program: string; readonly port: number },
): string => {
  const values = templateValues(peer, context, port)
  const traffic = context.upstreams.traffic ?? 'http'
  if (peer.program === 'haproxy') return formatHaproxy(traffic, values)
  return formatNginx(traffic, peer.isTls, { about: askProgram(program, '-V'), values })
}

const templateValues = (peer: Peer, context: ProxyContext, port: number): Record<string, string> => {
  const { waypoint } = context.certificates
  const waypointPem = join(context.dir, 'waypoint.pem')
  writeFileSync(waypointPem, readFileSync(waypoint.certFile, 'utf8') + readFileSync(waypoint.keyFile, 'utf8'))
  const { addresses, httpPort, httpsPort } = context.upstreams
  const upstreamPort = peer.isTls ? httpsPort : httpPort
  const servers = addresses.map((ip, i) =>
    peer.program === 'nginx' ? `server ${ip}:${upstreamPort};` : `server api-${i} ${ip}:${upstreamPort}`,
  )
  return {
    dir: context.dir,
    port: String(port),
    servers: servers.join('\n    '),
    waypointCert: waypoint.certFile,
    waypointKey: waypoint.keyFile,
    waypointPem,
    ca: waypoint.caFile,
    prefix: pathPrefixOf(context.upstreams.traffic ?? 'http'),
    header: ADDED_HEADER,
    commonName: COMMON_NAME,
  }
}

const pickFreePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server's address is never a pipe's name.
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
