import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Child } from '../support/children.ts'
import { pinned } from '../support/pinning.ts'
import { waitFor } from '../support/wait-for.ts'
import { writeAppModule } from './app-module.ts'
import { formatObjects } from './objects.ts'
import type { ProxyContext } from './context.ts'
import type { RunningProxy } from './proxy.ts'

/** The launcher, so that Node's flags are those that users get. */
const launcher = fileURLToPath(new URL('../../../src/fairway.mjs', import.meta.url))
const READY_DEADLINE_MS = 20_000

/** Starts `fairway run` with one worker, unless flags say otherwise, on the objects of the case, metrics on and the access log off as with the peers. */
export const startFairway = async (context: ProxyContext): Promise<RunningProxy> => {
  const objectsFile = join(context.dir, `objects-${context.upstreams.isHbone ? 'hbone' : 'plain'}.yaml`)
  writeFileSync(objectsFile, formatObjects(context.upstreams))
  const { command, args } = pinned('proxy', process.execPath, [
    ...[launcher, 'run', '--file', objectsFile, '--ca', 'files', '--certs', context.certificates.waypoint.dir],
    ...['--workers', '1', ...(context.flags ?? [])],
    ...(context.upstreams.app === undefined ? [] : ['--filters', writeAppModule(context.dir)]),
    ...['--bind', '127.0.0.1', '--access-log', 'off'],
    ...['--hbone-port', '0', '--ready-port', '0', '--metrics-port', '0', '--admin-port', '0'],
  ])
  const { profileDir } = context
  const profiling = `${process.env.FAIRWAY_NODE_FLAGS ?? ''} --cpu-prof --cpu-prof-dir=${profileDir}`
  const child = context.children.spawn(command, args, profileDir === undefined ? {} : { FAIRWAY_NODE_FLAGS: profiling })
  const addresses = await waitFor('fairway is ready', READY_DEADLINE_MS, () => {
    if (child.hasExited()) throw new Error(`fairway ended: ${child.stderr()}`)
    return readyAddresses(child)
  })
  return {
    name: 'fairway',
    version: context.version,
    mode: 'hbone',
    host: '127.0.0.1',
    port: Number(addresses.hbone.slice(addresses.hbone.lastIndexOf(':') + 1)),
    pid: child.pid,
    addresses,
    stop: () => child.stop(),
  }
}

interface Addresses {
  readonly hbone: string
  readonly ready: string
  readonly metrics: string
  readonly admin: string
}

/** What the `ready` line says, once it was printed. */
const readyAddresses = (child: Child): Addresses | undefined => {
  const line = child.stderr().match(/^\{.*"event":"ready".*\}$/m)?.[0]
  return line === undefined ? undefined : (JSON.parse(line) as Addresses)
}
