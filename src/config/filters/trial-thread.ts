/** A thread that tries one module, and then ends: what its code does to memory, loop or globals ends with it. */
import { parentPort, workerData } from 'node:worker_threads'
import type { TrialData } from './trial-messages.ts'
import { tryModule, type Post } from './try-module.ts'

if (parentPort !== null) {
  const port = parentPort
  const post: Post = (message) => port.postMessage(message)
  port.once('message', () => {
    // The parent, the only one who starts this file as a thread, passes exactly this.
    void tryModule(workerData as TrialData, post).finally(() => post({ kind: 'done' }))
  })
}
