/** The thread side of `startConfig`: watches, parses, translates and posts. Nothing of the data path is loaded here. */
import { parentPort, workerData } from 'node:worker_threads'
import { createDeltaWriter, type ConfigDelta } from './delta.ts'
import { createObjectLoader } from './load-objects.ts'
import { openFileSource } from './source/files.ts'
import type { TranslateOptions } from './translate/options.ts'
import { translate } from './translate/translate.ts'

/** What the thread is started with. */
export interface ConfigThreadData {
  readonly paths: readonly string[]
  readonly translate: TranslateOptions
}

/** What the thread says. */
export type ConfigThreadMessage =
  | { readonly kind: 'update'; readonly delta: ConfigDelta }
  /** A set could not be dealt with, which is a bug; the thread goes on with the next one. */
  | { readonly kind: 'failure'; readonly message: string }

const run = (data: ConfigThreadData, post: (message: ConfigThreadMessage) => void): void => {
  const load = createObjectLoader()
  const write = createDeltaWriter()
  openFileSource({
    paths: data.paths,
    onSet: (set) => {
      try {
        const { objects, issues: objectIssues } = load(set.objects)
        const { model, conditions } = translate(objects, data.translate)
        const delta = write({ model, conditions, issues: set.issues, objectIssues, objects: objects.length })
        post({ kind: 'update', delta })
      } catch (error) {
        const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
        post({ kind: 'failure', message: `the configuration could not be translated, the last one stays: ${why}` })
      }
    },
  })
}

if (parentPort !== null) {
  const port = parentPort
  // Keeps the thread alive: neither watchers nor timers do.
  port.ref()
  port.on('message', () => {})
  // `startConfig`, the only one who starts this file as a thread, passes exactly this.
  run(workerData as ConfigThreadData, (message) => port.postMessage(message))
}
