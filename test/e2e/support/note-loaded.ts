/**
 * For `--import`: keeps what the main thread has loaded in the file that LOADED_FILE names, a line for each of our modules
 * and packages (by URL) and, from `SIGUSR2` on, of Node's own (by name).
 */
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { isMainThread } from 'node:worker_threads'

const file = process.env['LOADED_FILE']
if (isMainThread && file !== undefined) {
  registerHooks({
    load: (url, context, next) => {
      appendFileSync(file, `${url}\n`)
      return next(url, context)
    },
  })
  const { moduleLoadList } = process as unknown as { readonly moduleLoadList: readonly string[] }
  process.on('SIGUSR2', () => appendFileSync(file, `${[...moduleLoadList, 'all'].join('\n')}\n`))
}
