import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort, startPeer, type PeerProcess } from '../peer-process.ts'

/** A Redis of a test's own, without anything on disk. */
export interface RedisServer extends PeerProcess {
  readonly port: number
  /** Runs `redis-cli`. */
  readonly cli: (...args: readonly string[]) => string
}

/** Starts it. */
export const startRedis = async (args: readonly string[] = []): Promise<RedisServer> => {
  const port = await freePort()
  const peer = await startPeer(
    'redis-server',
    ['--port', String(port), '--save', '', '--appendonly', 'no', ...args],
    port,
  )
  return {
    ...peer,
    port,
    cli: cliOf(port),
  }
}

const cliOf =
  (port: number): RedisServer['cli'] =>
  (...command) =>
    execFileSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' }).trim()

/** Several servers that belong together; disposing of them ends all. */
export interface RedisServers extends Disposable {
  readonly servers: readonly RedisServer[]
}

const LAST_SLOT = 16_383
const TRY_EACH_MS = 50
const TRIES = 400

/** A cluster of so many masters, each with its share of the slots, that goes on without those that are gone. */
export const startRedisCluster = async (masters: number): Promise<RedisServers> => {
  using open = new DisposableStack()
  const dir = temporaryFolder(open)
  const buses: number[] = []
  const servers: RedisServer[] = []
  for (let i = 0; i < masters; i++) {
    const bus = await freePort()
    buses.push(bus)
    const files = ['--dir', dir, '--cluster-config-file', `nodes-${i}.conf`]
    const settings = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '2000']
    servers.push(open.use(await startRedis([...files, ...settings, '--cluster-require-full-coverage', 'no'])))
  }
  const [first, ...others] = servers
  const share = (LAST_SLOT + 1) / masters
  for (const [i, server] of servers.entries()) {
    const [from, to] = [Math.ceil(i * share), Math.ceil((i + 1) * share) - 1]
    server.cli('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
  }
  for (const [i, { port }] of others.entries()) {
    first?.cli('CLUSTER', 'MEET', '127.0.0.1', String(port), String(buses[i + 1]))
  }
  await untilTrue(`a cluster of ${masters}`, () =>
    servers.every(({ cli }) => {
      const info = cli('CLUSTER', 'INFO')
      return info.includes('cluster_state:ok') && info.includes(`cluster_size:${masters}`)
    }),
  )
  return { servers, [Symbol.dispose]: dispose(open) }
}

/** A master and its replica, and a sentinel that makes that the master when nothing was heard of the other for half a second. */
export interface WatchedRedis extends RedisServers {
  readonly sentinel: RedisServer
}

/** Starts them; the sentinel knows the master as `main`. */
export const startWatchedRedis = async (): Promise<WatchedRedis> => {
  using open = new DisposableStack()
  const dir = temporaryFolder(open)
  // A replica keeps what it is sent in a file, whatever `--save` says.
  const inFolder = (name: string): readonly string[] => ['--dir', dir, '--dbfilename', `${name}.rdb`]
  const master = open.use(await startRedis(inFolder('master')))
  const of = ['--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0']
  const replica = open.use(await startRedis([...inFolder('replica'), ...of]))
  const port = await freePort()
  const file = join(dir, 'sentinel.conf')
  const settings = ['down-after-milliseconds main 500', 'failover-timeout main 5000', 'parallel-syncs main 1']
  const monitor = `monitor main 127.0.0.1 ${master.port} 1`
  const lines = [monitor, ...settings].map((line) => `sentinel ${line}\n`)
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\n${lines.join('')}`)
  const sentinel = open.use({
    ...(await startPeer('redis-server', [file, '--sentinel'], port)),
    port,
    cli: cliOf(port),
  })
  await untilTrue('a replica that is known', () =>
    sentinel.cli('SENTINEL', 'REPLICAS', 'main').includes('slave-repl-offset'),
  )
  await untilTrue('a replica that follows', () => replica.cli('INFO', 'replication').includes('master_link_status:up'))
  return { servers: [master, replica], sentinel, [Symbol.dispose]: dispose(open) }
}

const temporaryFolder = (open: DisposableStack): string => {
  const dir = mkdtempSync(join(tmpdir(), 'fairway-redis-'))
  open.defer(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** From here on it is somebody else's to end. */
const dispose = (open: DisposableStack): (() => void) => {
  const kept = open.move()
  return () => kept.dispose()
}

const untilTrue = async (what: string, isTrue: () => boolean): Promise<void> => {
  for (let i = 0; i < TRIES; i++) {
    if (isTrue()) return
    await delay(TRY_EACH_MS)
  }
  throw new Error(`${what}: not after ${TRIES * TRY_EACH_MS} ms`)
}
