/** The configuration thread: objects from files, translated, posted as updates. It serves nothing. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../lib/clock.ts'
import { FileSource } from './source/files.ts'
import type { ObjectSet } from './source/files.ts'
import type { ConfigThreadData } from './start-config.ts'
import { translate } from './translate/translate.ts'
import type { ConfigUpdate } from './update.ts'

// `startConfig` is the only one that starts this file.
const data = workerData as ConfigThreadData
let generation = 0

const toUpdate = (set: ObjectSet): ConfigUpdate => {
  generation++
  const { model, conditions } = translate(set.objects, data.translate)
  return { generation, model, conditions, issues: set.issues, objects: set.objects.length }
}

const source = new FileSource({
  paths: data.paths,
  clock: systemClock,
  onSet: (set) => parentPort?.postMessage(toUpdate(set)),
})

// Keeps the thread alive: its timers do not.
parentPort?.on('message', () => {})
parentPort?.postMessage(toUpdate(await source.start()))
