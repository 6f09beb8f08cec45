import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FloodPlan, FromFlood } from './flood-plan.ts'

const program = fileURLToPath(new URL('flood-main.ts', import.meta.url))

/** A flood that is on; disposing of it ends it. */
export interface Flood extends AsyncDisposable {
  readonly counts: () => Promise<FromFlood>
}

/** Starts one in a network namespace. */
export const startFlood = (plan: FloodPlan, namespace: string): Flood => {
  const command = ['netns', 'exec', namespace, process.execPath, program, JSON.stringify(plan)]
  const child = spawn('ip', command, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  return {
    counts: async () => {
      const answered = once(child, 'message')
      child.send('count')
      // Only `flood-main.ts` writes to this channel.
      const [answer] = (await answered) as [FromFlood]
      return answer
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}
