import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { SteadyAnswer, SteadyReport } from '../../e2e/support/resilience/steady-load.ts'
import type { ClientPlan, FromClient, ToClient } from './client-plan.ts'

const program = fileURLToPath(new URL('client-main.ts', import.meta.url))

/** What became of a client's requests. */
export interface ClientReport extends SteadyReport {
  readonly all: readonly SteadyAnswer[]
}

/** A client that asks without pause; disposing of it kills it. */
export interface ClientProcess extends AsyncDisposable {
  readonly pid: number
  /** Of bodies so far. */
  readonly bytes: () => Promise<number>
  /** Asks no more, waits for what is under way at most so long (default 5 s), and ends. */
  readonly stop: (waitMs?: number) => Promise<ClientReport>
  /** Ends without a word to anybody, as far as the network lets its kernel speak. */
  readonly kill: () => Promise<void>
}

/** Starts one, in a network namespace if one is named, and waits until all of its tunnels are open. */
export const startClient = async (plan: ClientPlan, namespace?: string): Promise<ClientProcess> => {
  const command = [process.execPath, program]
  const wrapped = namespace === undefined ? command : ['ip', 'netns', 'exec', namespace, ...command]
  const [first = '', ...args] = wrapped
  const child = spawn(first, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ended = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  const ask = async (order: ToClient): Promise<FromClient> => {
    const answered = once(child, 'message')
    child.send(order)
    const gone = ended.then(() => Promise.reject(new Error('the client process ended')))
    // Only `client-main.ts` writes to this channel.
    const [answer] = (await Promise.race([answered, gone])) as [FromClient]
    if (answer.kind === 'failed') throw new Error(answer.message)
    return answer
  }
  try {
    await ask({ kind: 'start', plan })
  } catch (error) {
    await kill()
    throw error
  }
  return {
    pid: child.pid ?? 0,
    bytes: async () => {
      const answer = await ask({ kind: 'bytes' })
      return answer.kind === 'bytes' ? answer.bytes : 0
    },
    stop: async (waitMs = 5000) => {
      const answer = await ask({ kind: 'stop', waitMs })
      await kill()
      if (answer.kind !== 'stopped') throw new Error(`${answer.kind} instead of stopped`)
      return { ...answer.report, all: answer.answers }
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}
