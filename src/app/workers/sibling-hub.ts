import type { FromWorker, HeardText, ToWorker } from './messages.ts'

/** What the hub wants of a worker. */
export interface SiblingWorker {
  readonly post: (message: ToWorker, onSent?: () => void) => void
}

export type SiblingMessage = Extract<FromWorker, { readonly channel: string }>

/** Characters that wait for a worker that does not read; beyond it the oldest texts are dropped. */
const MAX_WAITING = 4_000_000

interface Queue {
  waiting: HeardText[]
  chars: number
  isBusy: boolean
}

/**
 * Carries what filters of one configuration tell one another from worker to worker. What they say is none of its business;
 * all that is for one worker and came in one turn goes out in one message.
 */
export class SiblingHub {
  /** Those of a channel in the order in which they came. */
  readonly #channels = new Map<string, Set<SiblingWorker>>()
  readonly #queues = new Map<SiblingWorker, Queue>()
  readonly #numbers = new Map<SiblingWorker, number>()
  /** Those that have ended. */
  readonly #gone = new WeakSet<SiblingWorker>()
  #lastNumber = 0

  receive(from: SiblingWorker, message: SiblingMessage): void {
    // What one has sent may be read after its end: as the eldest of a channel it would leave newcomers without a greeting.
    if (this.#gone.has(from)) return
    const { channel } = message
    switch (message.kind) {
      case 'sibling-join':
        return this.#join(from, channel)
      case 'sibling-leave':
        return this.#leave(from, channel)
      case 'sibling-tell': {
        const { text, to } = message
        for (const worker of this.#channels.get(channel) ?? []) {
          const isMeant = to === undefined ? worker !== from : to === this.#numbers.get(worker)
          if (isMeant) this.#queue(worker, { channel, text })
        }
      }
    }
  }

  /** The worker is no more. */
  forget(worker: SiblingWorker): void {
    this.#gone.add(worker)
    for (const channel of this.#channels.keys()) this.#leave(worker, channel)
    this.#queues.delete(worker)
    this.#numbers.delete(worker)
  }

  #join(worker: SiblingWorker, channel: string): void {
    const members = this.#channels.get(channel) ?? new Set()
    this.#channels.set(channel, members)
    const newcomer = this.#numbers.get(worker) ?? ++this.#lastNumber
    this.#numbers.set(worker, newcomer)
    members.delete(worker)
    const [eldest] = members
    members.add(worker)
    eldest?.post({ kind: 'sibling-greet', channel, newcomer })
  }

  #leave(worker: SiblingWorker, channel: string): void {
    const members = this.#channels.get(channel)
    members?.delete(worker)
    if (members?.size === 0) this.#channels.delete(channel)
  }

  #queue(worker: SiblingWorker, heard: HeardText): void {
    const queue: Queue = this.#queues.get(worker) ?? { waiting: [], chars: 0, isBusy: false }
    this.#queues.set(worker, queue)
    queue.waiting.push(heard)
    queue.chars += heard.text.length
    while (queue.chars > MAX_WAITING) queue.chars -= queue.waiting.shift()?.text.length ?? queue.chars
    if (queue.isBusy) return
    queue.isBusy = true
    setImmediate(() => this.#send(worker, queue))
  }

  #send(worker: SiblingWorker, queue: Queue): void {
    const heard = queue.waiting
    queue.isBusy = heard.length > 0
    if (!queue.isBusy || this.#queues.get(worker) !== queue) return
    queue.waiting = []
    queue.chars = 0
    worker.post({ kind: 'siblings', heard }, () => this.#send(worker, queue))
  }
}
