import { readFileSync, readdirSync } from 'node:fs'

/** Time of a thread on a CPU so far, in nanoseconds, from /proc/PID/task/TID/schedstat: the first of its numbers. */
export const parseScheduledNanos = (schedstat: string): number => Number.parseInt(schedstat, 10)

/** The parent's id from /proc/PID/stat. */
export const parseParentPid = (stat: string): number => Number(statFields(stat)[1])

/** When a process was started, in ticks since the machine was, from /proc/PID/stat. */
export const parseStartTicks = (stat: string): number => Number(statFields(stat)[19])

/** Peak resident memory in MB (VmHWM of /proc/PID/status); 0 for a process without memory. */
export const parsePeakRssMb = (status: string): number => Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024

/** Resident memory in MB now (VmRSS of /proc/PID/status); 0 for a process without memory. */
export const parseRssMb = (status: string): number => Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024

/** How many files a process may have open (soft limit of /proc/PID/limits). */
export const parseOpenFilesLimit = (limits: string): number => {
  const soft = /^Max open files\s+(\S+)/m.exec(limits)?.[1]
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
}

/** What follows the command's name, which stands in parentheses and may hold anything, parentheses too. */
const statFields = (stat: string): readonly string[] => stat.slice(stat.lastIndexOf(')') + 2).split(' ')

/** A process and all its descendants that run now. */
export const processTree = (root: number): readonly number[] => {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = readProc(Number(name), 'stat')
    if (stat !== undefined) parents.set(Number(name), parseParentPid(stat))
  }
  const tree = [root]
  for (const pid of tree) {
    for (const [child, parent] of parents) if (parent === pid) tree.push(child)
  }
  return tree
}

/**
 * Begins to count the CPU time of these processes; what is given says how much it was since, in microseconds. It is that of
 * their threads, to the nanosecond: the ticks that processes are counted in would be a tenth of what a proxy that mostly
 * sleeps takes in a second. A thread that has ended by then does not count.
 */
export const meterCpu = (pids: readonly number[]): (() => number) => {
  const before = threadTimes(pids)
  return () => {
    let micros = 0
    for (const [thread, nanos] of threadTimes(pids)) micros += (nanos - (before.get(thread) ?? 0)) / 1000
    return micros
  }
}

const threadTimes = (pids: readonly number[]): ReadonlyMap<string, number> => {
  const times = new Map<string, number>()
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      const schedstat = readProc(pid, `task/${thread}/schedstat`)
      if (schedstat !== undefined) times.set(`${pid}/${thread}`, parseScheduledNanos(schedstat))
    }
  }
  return times
}

const threadsOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return [] // It has ended.
  }
}

/** Peak resident memory of these processes, added up, in MB; pages they share are counted in each. */
export const peakRssMbOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + parsePeakRssMb(readProc(pid, 'status') ?? ''), 0)

/** When a process was started, in ticks since the machine was; 0 for one that has ended. */
export const startTicksOf = (pid: number): number => parseStartTicks(readProc(pid, 'stat') ?? ')') || 0

/** Resident memory of these processes now, added up, in MB. */
export const rssMbOf = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + parseRssMb(readProc(pid, 'status') ?? ''), 0)

/** How many files `pid` may have open. */
export const openFilesLimitOf = (pid: number): number => parseOpenFilesLimit(readProc(pid, 'limits') ?? '')

const readProc = (pid: number, file: 'stat' | 'status' | 'limits' | `task/${string}/schedstat`): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined // It has ended.
  }
}
