import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../../lib/clock.ts'
import { exitCodes } from '../exit-codes.ts'
import { decodeHostPort, type HostPort } from '../host-port.ts'
import { CliError } from '../verb.ts'

export interface WaypointProcessOptions {
  /** Arguments behind `run`. */
  readonly args: readonly string[]
  readonly cwd: string
  readonly clock: Clock
  /** Each line of its log, whole. */
  readonly onLine: (line: string) => void
  /** Each line of its access log, if somebody wants them. */
  readonly onAccess?: (line: string) => void
  /** For the time until it is ready; default 20 s. */
  readonly readyTimeoutMs?: number
  /** Of Node, beside those that this process has. */
  readonly nodeFlags?: readonly string[]
  /** Program and arguments before `run`; default: this very program. */
  readonly command?: readonly string[]
}

/** A running `fairway run`. */
export interface WaypointProcess {
  readonly hbone: HostPort
  readonly metrics: HostPort
  readonly admin: HostPort
  /** Resolves when the process has ended, to a text that says how. */
  readonly ended: Promise<string>
  /** Asks it to drain and waits; kills it when that takes more than a few seconds. */
  readonly stop: () => Promise<void>
}

const READY_TIMEOUT_MS = 20_000
const STOP_TIMEOUT_MS = 5000
/** Lines of its log shown when it does not start. */
const LAST_LINES = 8

/** Starts the real program as users start it, and waits for its ready event. Throws `CliError` when none comes. */
export const startWaypointProcess = async (options: WaypointProcessOptions): Promise<WaypointProcess> => {
  const { clock, readyTimeoutMs = READY_TIMEOUT_MS, nodeFlags = [] } = options
  const ourselves = [process.execPath, ...process.execArgv, ...nodeFlags, mainFile]
  const [program = '', ...before] = options.command ?? ourselves
  const child = spawn(program, [...before, 'run', ...options.args], {
    cwd: options.cwd,
    stdio: ['ignore', options.onAccess === undefined ? 'ignore' : 'pipe', 'pipe'],
  })
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => options.onAccess?.(line))
  }
  const lines: string[] = []
  const ready = Promise.withResolvers<Addresses | undefined>()
  // Whatever becomes of the other streams, this one is a pipe.
  createInterface({ input: child.stderr as Readable }).on('line', (line) => {
    const addresses = decodeReady(line)
    if (addresses !== undefined) return ready.resolve(addresses)
    lines.push(line)
    if (lines.length > LAST_LINES) lines.shift()
    options.onLine(line)
  })
  const ended = endOf(child)
  void ended.then(() => ready.resolve(undefined))
  const cancel = clock.after(readyTimeoutMs, () => ready.resolve(undefined))
  const addresses = await ready.promise
  cancel()
  const stop = (): Promise<void> => stopChild(child, ended, clock)
  if (addresses !== undefined) return { ...addresses, ended, stop }
  const how =
    child.exitCode === null && child.signalCode === null ? `was not ready after ${readyTimeoutMs} ms` : await ended
  await stop()
  throw new CliError(exitCodes.failure, `"fairway run ${options.args.join(' ')}" ${how}`, {
    next: lines.length === 0 ? 'it said nothing' : `its last words:\n${lines.map((line) => `    ${line}`).join('\n')}`,
  })
}

interface Addresses {
  readonly hbone: HostPort
  readonly metrics: HostPort
  readonly admin: HostPort
}

const mainFile = fileURLToPath(new URL('../../main.ts', import.meta.url))

/** The addresses in a ready line, `undefined` for any other line. */
export const decodeReady = (line: string): Addresses | undefined => {
  if (!line.includes('"ready"')) return undefined
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || !('event' in value) || value.event !== 'ready') return undefined
    const { hbone, metrics, admin } = value as { readonly [name: string]: unknown }
    return { hbone: readAddress(hbone), metrics: readAddress(metrics), admin: readAddress(admin) }
  } catch {
    return undefined
  }
}

const readAddress = (value: unknown): HostPort => decodeHostPort('ready event', typeof value === 'string' ? value : '')

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `ended with exit code ${code}` : `ended by ${signal}`),
    )
  })

const stopChild = async (child: ChildProcess, ended: Promise<string>, clock: Clock): Promise<void> => {
  child.kill('SIGTERM')
  const cancel = clock.after(STOP_TIMEOUT_MS, () => void child.kill('SIGKILL'))
  await ended
  cancel()
}
