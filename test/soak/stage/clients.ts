import type { Child, Children } from '../../bench/support/children.ts'
import { nextMessage } from '../../bench/support/children.ts'
import type { ClientPlan, ClientReport, ClientWindow, FromClient, ToClient } from '../client/plan.ts'

const GRACE_MS = 20_000
const OPEN_MS = 90_000

/** The process of the clients. */
export interface Clients {
  /** Opens all tunnels. */
  readonly open: (plan: ClientPlan) => Promise<void>
  /** Begins with the requests; `onWindow` hears of every five seconds. */
  readonly go: (onWindow: (window: ClientWindow) => void) => void
  /** From now on they dial another port; connections that are open stay. */
  readonly move: (port: number) => void
  readonly mark: () => Promise<void>
  readonly doom: (ports: readonly number[]) => Promise<Extract<FromClient, { readonly kind: 'doomed' }>>
  /** Rejects if the process ends by itself. */
  readonly ended: Promise<never>
  /** Waits so long for what is under way. */
  readonly stop: (waitMs: number) => Promise<ClientReport>
}

export const startClients = async (children: Children): Promise<Clients> => {
  const child = children.fork(new URL('../client/main.ts', import.meta.url))
  await nextMessage<FromClient>(child, 'up', GRACE_MS)
  const ended = new Promise<never>((_, reject) => {
    child.process.once('exit', () => reject(new Error(`the clients ended early: ${child.stderr()}`)))
  })
  // Whoever waits for it hears of it.
  ended.catch(() => {})
  const ask = async <Kind extends FromClient['kind']>(
    order: ToClient,
    kind: Kind,
    deadlineMs: number,
  ): Promise<Extract<FromClient, { readonly kind: Kind }>> => {
    if (child.hasExited()) return ended
    const answer = nextMessage<FromClient>(child, kind, deadlineMs)
    tell(child, order)
    const message = await answer
    // `nextMessage` gives what was waited for.
    return message as Extract<FromClient, { readonly kind: Kind }>
  }
  return {
    ended,
    open: async (plan) => void (await ask({ kind: 'open', plan }, 'open', OPEN_MS)),
    go: (onWindow) => {
      child.process.on('message', (value) => {
        // The channel carries only the child's declared messages.
        const message = value as FromClient
        if (message.kind === 'window') onWindow(message.window)
      })
      tell(child, { kind: 'go' })
    },
    move: (port) => tell(child, { kind: 'move', port }),
    mark: async () => void (await ask({ kind: 'mark' }, 'marked', GRACE_MS)),
    doom: (ports) => ask({ kind: 'doom', ports }, 'doomed', GRACE_MS),
    stop: async (waitMs) => (await ask({ kind: 'stop', waitMs }, 'stopped', waitMs + GRACE_MS)).report,
  }
}

const tell = (child: Child, order: ToClient): void => {
  child.process.send(order)
}
