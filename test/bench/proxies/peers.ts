import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { ADDED_HEADER } from '../backend/responder.ts'
import { COMMON_NAME } from '../support/certificates.ts'
import { canConnect } from '../support/can-connect.ts'
import { pinned } from '../support/pinning.ts'
import { waitFor } from '../support/wait-for.ts'
import type { ProxyContext } from './context.ts'
import { PATH_PREFIX } from './objects.ts'
import type { RunningProxy } from './proxy.ts'
import { fillTemplate } from './template.ts'

const READY_DEADLINE_MS = 10_000

/** A proxy that ours is compared with. */
export interface Peer {
  readonly name: 'nginx-tls' | 'nginx-plain' | 'haproxy'
  readonly program: 'nginx' | 'haproxy'
  readonly template: string
  readonly isTls: boolean
}

export const peers: readonly Peer[] = [
  { name: 'nginx-tls', program: 'nginx', template: 'nginx-tls.conf', isTls: true },
  { name: 'nginx-plain', program: 'nginx', template: 'nginx-plain.conf', isTls: false },
  { name: 'haproxy', program: 'haproxy', template: 'haproxy.cfg', isTls: true },
]

/** Starts a peer in the foreground with one worker; throws with the reason when it is not installed or does not start. */
export const startPeer = async (peer: Peer, context: ProxyContext): Promise<RunningProxy> => {
  const program = findProgram(peer.program)
  if (program === undefined) throw new Error(`${peer.program} is not installed`)
  const port = await pickFreePort()
  const configFile = join(context.dir, peer.template)
  writeFileSync(configFile, fillTemplate(readTemplate(peer), templateValues(peer, context, port)))
  const args = peer.program === 'nginx' ? ['-c', configFile, '-p', context.dir] : ['-db', '-f', configFile]
  const start = pinned('proxy', program, args)
  const child = context.children.spawn(start.command, start.args)
  await waitFor(`${peer.name} listens`, READY_DEADLINE_MS, async () => {
    if (child.hasExited()) throw new Error(`${peer.name} ended: ${child.stderr()}`)
    return (await canConnect(port)) ? true : undefined
  })
  return {
    name: peer.name,
    version: versionOf(program),
    mode: peer.isTls ? 'https' : 'http',
    host: '127.0.0.1',
    port,
    pid: child.pid,
    stop: () => child.stop(),
  }
}

const readTemplate = (peer: Peer): string => readFileSync(new URL(peer.template, import.meta.url), 'utf8')

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
    prefix: PATH_PREFIX,
    header: ADDED_HEADER,
    commonName: COMMON_NAME,
  }
}

/** Looks in PATH and where Debian puts daemons. */
const findProgram = (name: string): string | undefined =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
    .map((dir) => join(dir, name))
    .find((file) => existsSync(file))

const versionOf = (program: string): string => {
  // nginx tells its version on stderr and haproxy on stdout.
  const text = execFileSync('/bin/sh', ['-c', '"$0" -v 2>&1', program], { encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? 'unknown'
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
