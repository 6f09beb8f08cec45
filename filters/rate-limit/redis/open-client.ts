import type { RedisConfig } from './redis-config.ts'

/** What is wanted of a client, whatever the servers are. */
export interface Client {
  readonly eval: (sha: string, keys: readonly string[], args: readonly string[]) => Promise<unknown>
  readonly load: (script: string, keys: readonly string[], args: readonly string[]) => Promise<unknown>
  readonly close: () => void
}

const CONNECT_MS = 2000
/** A server that says nothing for so long, though it is asked every second, is given up, and connected to anew. */
const SILENT_MS = 4000
/** What waits for an answer at most. */
const MAX_COMMANDS = 20_000

/** Connects. The client is loaded with the first limit that wants it; `onError` is told what it meets, also later. */
export const openClient = async (
  { mode, servers, master = '', username, database, tls }: RedisConfig,
  password: string | undefined,
  onError: (error: Error) => void,
): Promise<Client> => {
  const redis = await import('redis')
  const addresses = servers.map((server) => {
    const colon = server.lastIndexOf(':')
    return { host: server.slice(0, colon), port: Number(server.slice(colon + 1)) }
  })
  const socket = {
    ...(tls ? { tls: true as const } : {}),
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENT_MS,
    reconnectStrategy: (retries: number) => Math.min(1000, 50 * 2 ** Math.min(retries, 5)),
  }
  const common = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // What cannot be asked now is decided otherwise.
    disableOfflineQueue: true,
    commandsQueueMaxLength: MAX_COMMANDS,
    pingInterval: 1000,
  }
  switch (mode) {
    case 'Standalone': {
      const [address] = addresses
      const client = redis.createClient({ ...common, database, socket: { ...socket, ...address } })
      client.on('error', onError)
      await connect(client)
      return clientOf(client, () => client.destroy())
    }
    case 'Cluster': {
      const cluster = redis.createCluster({
        rootNodes: addresses.map((address) => ({ socket: address })),
        defaults: { ...common, socket },
      })
      cluster.on('error', onError)
      await connect(cluster)
      return clientOf(cluster, () => cluster.destroy())
    }
    case 'Sentinel': {
      const sentinel = redis.createSentinel({
        name: master,
        sentinelRootNodes: addresses,
        nodeClientOptions: { ...common, database, socket },
      })
      sentinel.on('error', onError)
      await connect(sentinel)
      return clientOf(sentinel, () => void sentinel.destroy())
    }
  }
}

const connect = async (client: { readonly connect: () => Promise<unknown> }): Promise<void> => {
  await client.connect()
}

interface Evaluating {
  readonly evalSha: (sha: string, options: { keys: string[]; arguments: string[] }) => Promise<unknown>
  readonly eval: (script: string, options: { keys: string[]; arguments: string[] }) => Promise<unknown>
}

const clientOf = (client: Evaluating, close: () => void): Client => ({
  eval: (sha, keys, args) => client.evalSha(sha, { keys: [...keys], arguments: [...args] }),
  load: (script, keys, args) => client.eval(script, { keys: [...keys], arguments: [...args] }),
  close,
})
