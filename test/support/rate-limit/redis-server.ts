import { execFileSync } from 'node:child_process'
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
    cli: (...command) => execFileSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' }).trim(),
  }
}
