import type { Answer, HboneClient, RequestSpec } from './hbone-client.ts'

export interface LoadOptions {
  /** How many requests are under way at any time. */
  readonly lanes: number
  /** Each connection carries this many lanes. */
  readonly lanesPerConnection: number
  readonly dial: () => Promise<HboneClient>
  readonly authority: string
  readonly request?: RequestSpec
  /** What is wrong with an answer; `lane` counts from 0, and its answers come in order. */
  readonly check: (answer: Answer, lane: number) => string | undefined
}

export interface LoadReport {
  readonly requests: number
  /** What went wrong, at most a hundred of them. */
  readonly failures: readonly string[]
}

export interface Load {
  /** Answers so far. */
  readonly requests: () => number
  /** Lets every lane finish its request. */
  readonly stop: () => Promise<LoadReport>
}

const MAX_FAILURES = 100

/**
 * Sends requests without pause. A connection that said GOAWAY gets no further request, and another is dialled; whatever
 * else goes wrong is a failure.
 */
export const startLoad = (options: LoadOptions): Load => {
  const { lanes, lanesPerConnection, dial, authority, check } = options
  const failures: string[] = []
  let requests = 0
  const stop = new AbortController()
  const fail = (what: string): void => {
    if (failures.length < MAX_FAILURES) failures.push(`request ${requests}: ${what}`)
  }
  const clients = new Map<number, Promise<HboneClient>>()
  const clientOf = async (lane: number): Promise<HboneClient> => {
    const connection = Math.floor(lane / lanesPerConnection)
    for (;;) {
      const known = clients.get(connection)
      const client = await known
      if (client?.isOpen === true) return client
      // Another lane of this connection may have dialled meanwhile.
      if (clients.get(connection) !== known) continue
      const dialled = dial()
      clients.set(connection, dialled)
      dialled.catch(() => clients.delete(connection))
    }
  }
  const runLane = async (lane: number): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        const client = await clientOf(lane)
        const answer = await client.request(authority, options.request)
        requests++
        const complaint = check(answer, lane)
        if (complaint !== undefined) fail(complaint)
      } catch (error) {
        fail(String(error))
        if (failures.length >= MAX_FAILURES) return
      }
    }
  }
  const running = Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane)))
  return {
    requests: () => requests,
    stop: async () => {
      stop.abort()
      await running
      return { requests, failures }
    },
  }
}
