/** The thread side of `startConfig`: watches, parses, translates and posts. Nothing of the data path is loaded here. */
import { flushCompileCache } from 'node:module'
import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../lib/clock.ts'
import { packJson, type Packed } from '../lib/memory/packed-json.ts'
import { createDeltaWriter, type ConfigDelta } from './delta.ts'
import { createObjectLoading, createObjectReader } from './load-objects.ts'
import { openFileSource } from './source/files.ts'
import type { TranslateOptions } from './translate/options.ts'
import { createTranslator } from './translate/translate.ts'

/** What the thread is started with. */
export interface ConfigThreadData {
  readonly paths: readonly string[]
  readonly translate: TranslateOptions
}

/** What the thread says. */
export type ConfigThreadMessage =
  | { readonly kind: 'update'; readonly delta: Packed<ConfigDelta> }
  /** A set could not be dealt with, which is a bug; the thread goes on with the next one. */
  | { readonly kind: 'failure'; readonly message: string }

/** How long nothing may change before the thread cleans up behind its start, in milliseconds. */
const quietAfterStartMs = 1000
/**
 * The same later on: a collection throws much compiled code away, and holds up a change that comes meanwhile. Whoever
 * rolls something out makes one change after the other.
 */
const quietMs = 3000

/** How much of the heap is worth a collection of all of it, which takes 50 ms and more. */
const wasteBytes = 4 * 1024 * 1024

const run = (data: ConfigThreadData, post: (message: ConfigThreadMessage) => void): void => {
  const load = createObjectLoading()
  const translate = createTranslator(data.translate)
  const write = createDeltaWriter()
  let cancelCollection = (): void => {}
  let restingBytes = 0
  const cleanUp = (): void => {
    giveBack()
    restingBytes = getHeapStatistics().total_heap_size
  }
  openFileSource({
    paths: data.paths,
    decode: createObjectReader(),
    onLook: () => {
      if (getHeapStatistics().total_heap_size < restingBytes + wasteBytes) return
      cancelCollection()
      cancelCollection = systemClock.after(restingBytes === 0 ? quietAfterStartMs : quietMs, cleanUp)
    },
    onSet: (set) => {
      try {
        const { objects, issues: objectIssues } = load(set.objects)
        const { model, conditions } = translate(objects)
        const delta = write({ model, conditions, issues: set.issues, objectIssues, objects: objects.length })
        post({ kind: 'update', delta: packJson(delta) })
      } catch (error) {
        const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
        post({ kind: 'failure', message: `the configuration could not be translated, the last one stays: ${why}` })
      }
    },
  })
}

/**
 * Gives back what reading and translating took. V8 collects when something is allocated, and here nothing is for hours:
 * an empty young generation alone is 6 MB. Without `--expose-gc` (see src/bootstrap.mjs) it stays.
 */
const giveBack = (): void => {
  // Node would keep what it compiled when the process ends in peace, but not for a thread. The next start then needs no
  // compiler for types, which is 7 MB.
  flushCompileCache()
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

if (parentPort !== null) {
  const port = parentPort
  // Keeps the thread alive: neither watchers nor timers do.
  port.ref()
  port.on('message', () => {})
  // `startConfig`, the only one who starts this file as a thread, passes exactly this.
  run(workerData as ConfigThreadData, (message) => port.postMessage(message))
}
