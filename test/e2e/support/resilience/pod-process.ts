import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { FromPod, PodCounts, PodPlan } from './pod-plan.ts'

/** A pod that runs, or has ended; disposing of it kills it. */
export interface PodProcess extends AsyncDisposable {
  readonly name: string
  readonly address: string
  /** When it began to listen, by `Date.now()`. */
  readonly sinceMs: number
  /** When its first request came, by `Date.now()`; never settles when none does. */
  readonly firstRequest: Promise<number>
  readonly counts: () => Promise<PodCounts>
  /** Settles when the process is gone. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>
}

/** What has come to all of these so far. */
export const totalOf = async (pods: readonly PodProcess[], what: 'connections' | 'streams'): Promise<number> => {
  const counts = await Promise.all(pods.map((pod) => pod.counts()))
  return counts.reduce((sum, one) => sum + one[what], 0)
}

const program = fileURLToPath(new URL('pod-main.ts', import.meta.url))

/** Starts a pod, in a network namespace if one is named, and waits until it listens. */
export const startPodProcess = async (plan: PodPlan, namespace?: string): Promise<PodProcess> => {
  const command = [process.execPath, program, JSON.stringify(plan)]
  const wrapped = namespace === undefined ? command : ['ip', 'netns', 'exec', namespace, ...command]
  const [first = '', ...args] = wrapped
  const child = spawn(first, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const listening = Promise.withResolvers<number>()
  const firstRequest = Promise.withResolvers<number>()
  const waiting: ((counts: PodCounts) => void)[] = []
  child.on('message', (message) => {
    // Only `pod-main.ts` writes to this channel.
    const news = message as FromPod
    if (news.kind === 'listening') listening.resolve(Date.now())
    else if (news.kind === 'first-request') firstRequest.resolve(news.atMs)
    else waiting.shift()?.(news.counts)
  })
  const ended = once(child, 'exit')
  child.once('exit', () => listening.reject(new Error(`pod ${plan.name} ended before it listened`)))
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await ended
  }
  const sinceMs = await listening.promise
  return {
    name: plan.name,
    address: plan.address,
    sinceMs,
    firstRequest: firstRequest.promise,
    counts: () => {
      const { promise, resolve } = Promise.withResolvers<PodCounts>()
      waiting.push(resolve)
      child.send('count')
      return promise
    },
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  }
}
