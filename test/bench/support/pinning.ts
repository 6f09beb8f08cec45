import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { sideCpus } from './cpu-list.ts'

/** On which side of the measurement a process stands. */
export type Side = 'proxy' | 'surroundings'

const taskset = '/usr/bin/taskset'

/** Those that this process may run on (sched_getaffinity(2), cpuset(7)), as it was started: `2-3`; empty where nobody says so. */
const allowedList = ((): string => {
  if (process.platform !== 'linux') return ''
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
})()

const cpus = existsSync(taskset) ? sideCpus(allowedList) : undefined

/**
 * True where processes are bound to CPUs: the proxy alone on the first that is allowed, generator and destinations on the second.
 * Without it the cost of a request depends on which processes happen to share a CPU (by a factor of four at 1x1).
 */
export const canPin = cpus !== undefined

/** The command line that starts `command` on its side's CPU. */
export const pinned = (
  side: Side,
  command: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } =>
  cpus === undefined ? { command, args } : { command: taskset, args: ['-c', String(cpus[side]), command, ...args] }

/** Lets processes and their threads run on every CPU again that is allowed. */
export const unpin = (pids: readonly number[]): void => {
  if (!canPin) return
  for (const pid of pids) spawnSync(taskset, ['-a', '-c', '-p', allowedList, String(pid)])
}
