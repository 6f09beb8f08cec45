import { Worker } from 'node:worker_threads'
import type { TranslateOptions } from './translate/options.ts'
import type { ConfigUpdate } from './update.ts'

export interface ConfigOptions {
  /** Files and folders, absolute. */
  readonly paths: readonly string[]
  readonly translate: TranslateOptions
  /** Gets every update after the first. */
  readonly onUpdate: (update: ConfigUpdate) => void
  /** The thread is gone: no further update will come. What is in force stays. */
  readonly onFailure: (message: string) => void
}

export interface ConfigHandle {
  /** The first update; rejects when the thread cannot start. */
  readonly ready: Promise<ConfigUpdate>
  readonly close: () => Promise<void>
}

/** What the thread is started with. */
export interface ConfigThreadData {
  readonly paths: readonly string[]
  readonly translate: TranslateOptions
}

/**
 * Starts the configuration thread: reading, parsing and translating grow with the configuration and must not hold the
 * loop that carries traffic (engine.md, rule 8). Only finished updates come back.
 */
export const startConfig = (options: ConfigOptions): ConfigHandle => {
  const { paths, translate, onUpdate, onFailure } = options
  const workerData: ConfigThreadData = { paths, translate }
  const thread = new Worker(new URL('./config-thread.ts', import.meta.url), { workerData })
  let isClosing = false
  const ready = new Promise<ConfigUpdate>((resolve, reject) => {
    let isFirst = true
    thread.on('message', (update: ConfigUpdate) => {
      if (isFirst) resolve(update)
      else onUpdate(update)
      isFirst = false
    })
    thread.on('error', (error: Error) => {
      reject(error)
      onFailure(`the configuration thread failed, what is in force stays until a restart: ${error.message}`)
    })
    thread.on('exit', (code) => {
      reject(new Error(`the configuration thread ended with code ${code}`))
      if (!isClosing) onFailure('the configuration thread has ended, what is in force stays until a restart')
    })
  })
  // Who does not wait for it any more must not be ended by its rejection.
  ready.catch(() => {})
  return {
    ready,
    close: async () => {
      isClosing = true
      await thread.terminate()
    },
  }
}
