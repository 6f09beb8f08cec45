/**
 * File descriptors: how many there may be, how many a waypoint can need, and what to say when they run out. Without one
 * the kernel refuses connections both ways; libuv then closes new ones unseen, so nothing else would tell.
 */
import { closeSync, openSync } from 'node:fs'
import type { Clock } from '../lib/clock.ts'
import { errorCode } from '../lib/errors/error-code.ts'
import type { Logger } from '../lib/log.ts'
import { StartupError } from '../lib/startup-error.ts'
import { MAX_CONNECTIONS } from '../proxy/hbone/server.ts'

/** What a process needs beside connections: sources, pipes, watchers, listeners, their polls, and some air. */
const OWN = 64
/** A client's connection carries up to 100 tunnels, and connections out are shared as well: for these 8,000 of each. */
export const WANTED_DESCRIPTORS = 16_384
/** Below this not even a test would get far. */
const FLOOR = 256

const CHECK_MS = 5000
const REPEAT_MS = 60_000

/** The limit of this process; `undefined` where the system does not tell. Node itself raises it to the hard limit. */
export const descriptorLimit = (): number | undefined => {
  // Node's types leave the report's content open.
  const report: { readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } } } | undefined =
    readReport()
  const soft = report?.userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : undefined
}

const readReport = (): object | undefined => {
  // The report looks up the name of every socket's peer otherwise. Node's types do not know these two yet.
  Object.assign(process.report, { excludeNetwork: true, excludeEnv: true })
  return process.report.getReport()
}

/** Connections that may come in, so that half of the descriptors stay for those that go out. */
export const connectionsWithin = (limit: number | undefined): number =>
  limit === undefined ? MAX_CONNECTIONS : Math.min(MAX_CONNECTIONS, Math.max(1, Math.floor((limit - OWN) / 2)))

/** Says when the limit is lower than a busy waypoint needs; throws `StartupError` (`EDESCRIPTORS`) when it is hopeless. */
export const checkDescriptors = (limit: number | undefined, log: Pick<Logger, 'warn'>): void => {
  if (limit === undefined || limit >= WANTED_DESCRIPTORS) return
  const raise =
    'raise the hard limit (ulimit -Hn, LimitNOFILE= of a systemd unit, the container runtime’s default ulimits)'
  if (limit < FLOOR) {
    const why = `a process may have ${limit} file descriptors open, a waypoint needs at least ${FLOOR}`
    throw new StartupError('EDESCRIPTORS', `${why}, and ${WANTED_DESCRIPTORS} under load: ${raise}`)
  }
  log.warn(
    `a process may have ${limit} file descriptors open: at most ${connectionsWithin(limit)} connections are taken at a time instead of ${MAX_CONNECTIONS}; ${raise} to ${WANTED_DESCRIPTORS} or more`,
    { event: 'descriptors', limit, wanted: WANTED_DESCRIPTORS },
  )
}

export interface DescriptorWatchOptions {
  readonly limit: number | undefined
  readonly clock: Pick<Clock, 'after' | 'monotonicMs'>
  readonly log: Pick<Logger, 'warn'>
  /** The lowest descriptor that is free, or the system's error; default: asks the system. */
  readonly probe?: () => number | 'none'
}

/**
 * Warns once a minute while no descriptor is left, or less than a tenth of them. The system gives the lowest free number:
 * those below it are in use, which needs no counting.
 */
export const watchDescriptors = ({ limit, clock, log, probe = probeSystem }: DescriptorWatchOptions): (() => void) => {
  let stop = (): void => {}
  let lastMs = -Infinity
  const look = (): void => {
    stop = clock.after(CHECK_MS, look)
    const lowest = probe()
    const isNear = lowest === 'none' || (limit !== undefined && lowest >= limit * 0.9)
    if (!isNear || clock.monotonicMs() - lastMs < REPEAT_MS) return
    lastMs = clock.monotonicMs()
    const state = lowest === 'none' ? 'no file descriptor is left' : `${lowest} file descriptors are in use`
    const what = 'new connections are closed unseen or fail while it lasts, those that are open go on'
    log.warn(`${state} of ${limit ?? 'those allowed'}: ${what}; raise the limit, or run more replicas`, {
      event: 'descriptors',
      limit,
    })
  }
  stop = clock.after(CHECK_MS, look)
  return () => stop()
}

const probeSystem = (): number | 'none' => {
  try {
    const descriptor = openSync('/dev/null', 'r')
    closeSync(descriptor)
    return descriptor
  } catch (error) {
    const code = errorCode(error)
    return code === 'EMFILE' || code === 'ENFILE' ? 'none' : 0
  }
}
