/** `fairway` as its users start it: a child process that is known only by its flags, ports, streams and exit code. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseMetrics, type Sample } from '../../support/exposition/prometheus-text.ts'
import { eventually } from './eventually.ts'

/** A line that the program wrote to stderr. */
export type LogLine = Readonly<Record<string, unknown>>

export interface Addresses {
  readonly hbone: string
  readonly ready: string
  readonly metrics: string
  readonly admin: string
}

export interface Ending {
  readonly code: number | null
  readonly signal: string | null
}

/** A fairway that was started and may have ended; disposing of it kills it. */
export interface FairwayProcess extends AsyncDisposable {
  readonly pid: number
  readonly stderr: () => string
  readonly stdout: () => string
  /** The lines of stderr that are JSON. */
  readonly log: () => readonly LogLine[]
  /** The first line of the log that fits, now or later. */
  readonly waitForLog: (what: string, fits: (line: LogLine) => boolean) => Promise<LogLine>
  readonly ended: Promise<Ending>
  readonly kill: (signal: NodeJS.Signals) => void
  /** The worker processes that run now. */
  readonly workers: () => readonly number[]
}

const launcher = fileURLToPath(new URL('../../../src/fairway.mjs', import.meta.url))

export interface ProcessOptions {
  readonly cwd?: string
  /** Program and arguments before those of fairway; default: the launcher of this repository. */
  readonly command?: readonly string[]
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** The hard limit of open files. */
  readonly descriptors?: number
}

/** Starts `fairway ARGS`. */
export const startProcess = (args: readonly string[], options: ProcessOptions = {}): FairwayProcess => {
  const { descriptors, env, command: start = [process.execPath, launcher], ...rest } = options
  const command = [...start, ...args]
  const limited = descriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${descriptors} && exec "$0" "$@"`]
  const [program = '', ...programArgs] = [...limited, ...command]
  const child = spawn(program, programArgs, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...rest,
  })
  const { pid } = child
  if (pid === undefined) throw new Error('fairway could not be started')
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text))
  // `close` comes after the last output, `exit` may come before it.
  const ended = once(child, 'close').then((): Ending => ({ code: child.exitCode, signal: child.signalCode }))
  const log = (): readonly LogLine[] => parseLines(texts.stderr)
  return {
    pid,
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    log,
    waitForLog: (what, fits) =>
      eventually(what, () => {
        const found = log().find(fits)
        if (found === undefined && child.exitCode !== null) throw new Error(`ended without ${what}: ${texts.stderr}`)
        return found
      }).catch((error: unknown) => {
        throw new Error(`${String(error)}; the log was\n${texts.stderr}`)
      }),
    ended,
    kill: (signal) => void child.kill(signal),
    workers: () => childrenOf(pid),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const parseLines = (text: string): readonly LogLine[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    // Every line of the log is an object, by `startsWith`.
    .map((line) => JSON.parse(line) as LogLine)

/** A fairway that takes traffic. */
export interface RunningFairway extends FairwayProcess {
  readonly addresses: Addresses
  /** The metrics of all workers together. */
  readonly metrics: () => Promise<readonly Sample[]>
  /** Value of a metric without labels, or with just these. */
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number>
  readonly readiness: () => Promise<{ readonly status: number; readonly reason: string }>
  /** JSON from the admin API. */
  readonly admin: (path: string, method?: 'GET' | 'POST') => Promise<unknown>
}

export interface RunOptions {
  readonly files: readonly string[]
  /** Folder with certificate files. */
  readonly certs: string
  readonly workers: number
  /** Further flags; the last of two wins. */
  readonly flags?: readonly string[]
  readonly process?: ProcessOptions
}

/** The arguments of `fairway run` on free ports of 127.0.0.1. */
export const runArguments = ({ files, certs, workers, flags = [] }: RunOptions): readonly string[] => [
  'run',
  ...files.flatMap((file) => ['-f', file]),
  ...['--certs', certs, '--bind', '127.0.0.1', '--workers', String(workers)],
  ...['--hbone-port', '0', '--ready-port', '0', '--metrics-port', '0', '--admin-port', '0'],
  ...flags,
]

/** Starts `fairway run` and waits for its `ready` line. */
export const startFairway = async (options: RunOptions): Promise<RunningFairway> =>
  untilReady(startProcess(runArguments(options), options.process))

/** Waits for the `ready` line of a `fairway run`; ends it when none comes. */
export const untilReady = async (child: FairwayProcess): Promise<RunningFairway> => {
  try {
    const line = await child.waitForLog('ready', ({ event }) => event === 'ready')
    const addresses = { hbone: '', ready: '', metrics: '', admin: '', ...line }
    const metrics = async (): Promise<readonly Sample[]> =>
      parseMetrics(await (await fetch(`http://${addresses.metrics}/stats/prometheus`)).text()).samples
    return {
      ...child,
      addresses,
      metrics,
      metric: async (name, labels = {}) => {
        const wanted = Object.entries(labels)
        const found = (await metrics()).filter(
          (sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value),
        )
        return found.reduce((sum, { value }) => sum + value, 0)
      },
      readiness: async () => {
        const response = await fetch(`http://${addresses.ready}/healthz/ready`)
        return { status: response.status, reason: (await response.text()).trim() }
      },
      admin: async (path, method = 'GET') => {
        const response = await fetch(`http://${addresses.admin}${path}`, { method })
        if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
        return response.json()
      },
    }
  } catch (error) {
    await child[Symbol.asyncDispose]()
    throw error
  }
}

/** Whether a process runs; one that has ended and that nobody has asked after does not. */
export const isRunning = (pid: number): boolean => listProcesses().some((process) => process.pid === pid)

/** Processes whose parent is `pid`. */
const childrenOf = (pid: number): readonly number[] =>
  listProcesses()
    .filter(({ parent }) => parent === pid)
    .map((child) => child.pid)

const listProcesses = (): readonly { readonly pid: number; readonly parent: number }[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state]) => state?.startsWith('Z') === false)
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }))

/**
 * With how many workers a test runs: with `usually` many in `npm test`, which is to end within minutes (0: it is no part of
 * that), and with both one and two in `npm run test:long`.
 */
export const workerCounts = (usually: 0 | 1 | 2): readonly number[] => {
  if (process.env['FAIRWAY_TEST_LONG'] === '1') return [1, 2]
  return usually === 0 ? [] : [usually]
}
