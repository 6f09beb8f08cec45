import { Worker } from 'node:worker_threads'
import { systemClock, type Clock } from '../lib/clock.ts'
import { unpackJson } from '../lib/memory/packed-json.ts'
import { createDeltaReader } from './delta.ts'
import type { Issue } from '../lib/decoded.ts'
import type { MeshSource } from './mesh-options.ts'
import type { ObjectPlace } from './source/open-object-source.ts'
import { formatIssues, refuseUnreadable } from './refuse-unreadable.ts'
import type { ConfigThreadData, ConfigThreadMessage } from './config-thread.ts'
import type { TranslateOptions } from './translate/options.ts'
import type { ConfigUpdate } from './update.ts'

export interface ConfigOptions {
  /** What to read and follow. */
  readonly place: ObjectPlace
  readonly translate: TranslateOptions
  /** Default: there is no MeshConfig. */
  readonly mesh?: MeshSource | undefined
  /** The folder of the users' filters; default: there is none. */
  readonly filtersDir?: string | undefined
  /** Default: as each Filter asks. */
  readonly filterIsolation?: 'none' | 'thread'
  /** Gets every update after the first. Unchanged parts are the same objects as before. */
  readonly onUpdate: (update: ConfigUpdate) => void
  /** Called when the thread stumbled; the last update stays in force, and the thread is started again if it ended. */
  readonly onFailure: (message: string) => void
  /** Gets what keeps us from knowing more, a line for each; none when all is well again. */
  readonly onTroubles?: (troubles: readonly string[]) => void
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: a worker thread of this process. */
  readonly createThread?: (data: ConfigThreadData) => ConfigThread
}

/** What is needed of a worker thread. */
export interface ConfigThread {
  on(event: 'message', listener: (message: ConfigThreadMessage) => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  once(event: 'exit', listener: (code: number) => void): unknown
  terminate(): Promise<unknown>
}

export interface ConfigHandle {
  /** The first update; rejected when the thread fails before that. */
  readonly ready: Promise<ConfigUpdate>
  readonly close: () => Promise<void>
}

/** The first wait before the thread is started again; it doubles up to the last. */
const firstRestartMs = 1000
const lastRestartMs = 30_000

/** Reads, watches and translates the configuration on a thread of its own, so that no request waits for it. */
export const startConfig = (options: ConfigOptions): ConfigHandle => {
  const { clock = systemClock, createThread = startWorker } = options
  const first = Promise.withResolvers<ConfigUpdate>()
  // Who does not look at `ready` still hears of it by `onFailure`.
  first.promise.catch(() => {})
  const read = createDeltaReader()
  let isReady = false
  let isClosed = false
  let restartMs = firstRestartMs
  let cancelRestart = (): void => {}

  const fail = (message: string): void => {
    options.onFailure(message)
    if (!isReady) first.reject(new Error(message))
  }
  const refuse = (issues: readonly Issue[]): void => {
    if (isReady) return fail(`the configuration stays as it is:\n${formatIssues(issues)}`)
    try {
      refuseUnreadable(issues)
    } catch (error) {
      first.reject(error)
    }
  }
  const receive = (message: ConfigThreadMessage): void => {
    if (message.kind === 'failure') return fail(message.message)
    if (message.kind === 'troubles') return options.onTroubles?.(message.troubles)
    if (message.kind === 'refused') return refuse(message.issues)
    restartMs = firstRestartMs
    const update = read(unpackJson(message.delta))
    if (isReady) return options.onUpdate(update)
    isReady = true
    first.resolve(update)
  }
  const start = (): ConfigThread => {
    const data: ConfigThreadData = {
      place: options.place,
      translate: options.translate,
      mesh: options.mesh,
      filtersDir: options.filtersDir,
      filterIsolation: options.filterIsolation ?? 'none',
    }
    const thread = createThread(data)
    thread.on('message', receive)
    thread.on('error', (error) => fail(`the configuration thread failed: ${String(error)}`))
    thread.once('exit', (code) => {
      if (isClosed) return
      if (!isReady) return fail(`the configuration thread ended with ${code} before its first update`)
      options.onFailure(`the configuration thread ended with ${code}: it is started again in ${restartMs} ms`)
      cancelRestart = clock.after(restartMs, () => {
        worker = start()
      })
      restartMs = Math.min(restartMs * 2, lastRestartMs)
    })
    return thread
  }
  let worker = start()

  return {
    ready: first.promise,
    close: async () => {
      isClosed = true
      first.reject(new Error('the configuration was closed before there was one'))
      cancelRestart()
      await worker.terminate()
    },
  }
}

const startWorker = (workerData: ConfigThreadData): ConfigThread =>
  new Worker(new URL('./config-thread.ts', import.meta.url), { name: 'config', workerData })
