import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** On which side of the measurement a process stands. */
export type Side = 'proxy' | 'surroundings'

const taskset = '/usr/bin/taskset'

/**
 * True where processes are bound to CPUs: the proxy alone on the first, generator and destinations on the second.
 * Without it the cost of a request depends on which processes happen to share a CPU (by a factor of four at 1x1).
 */
export const canPin = process.platform === 'linux' && availableParallelism() >= 2 && existsSync(taskset)

/** The command line that starts `command` on its side's CPU. */
export const pinned = (
  side: Side,
  command: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } =>
  canPin ? { command: taskset, args: ['-c', side === 'proxy' ? '0' : '1', command, ...args] } : { command, args }

/** Lets processes and their threads run on every CPU again. */
export const unpin = (pids: readonly number[]): void => {
  if (!canPin) return
  for (const pid of pids) spawnSync(taskset, ['-a', '-c', '-p', `0-${availableParallelism() - 1}`, String(pid)])
}
