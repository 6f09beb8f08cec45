import type { KubeClient } from '../../kube/client.ts'
import { failed, type KubeResult } from '../../kube/failure.ts'

/**
 * The same client, by which nothing is written unless `mayWrite` at that very moment: a process that stood still learns
 * late that its time is over, and by then another one leads.
 */
export const fenceClient = (client: KubeClient, mayWrite: () => boolean): KubeClient => {
  const fence =
    <Args extends readonly unknown[], T>(write: (...args: Args) => Promise<KubeResult<T>>) =>
    (...args: Args): Promise<KubeResult<T>> =>
      mayWrite() ? write(...args) : Promise.resolve(refused)
  return {
    ...client,
    create: fence(client.create),
    apply: fence(client.apply),
    update: fence(client.update),
    delete: fence(client.delete),
  }
}

const refused = failed({ asked: 'a write', reason: 'Aborted', message: 'this controller no longer leads' })
