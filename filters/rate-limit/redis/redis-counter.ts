import { hash } from 'node:crypto'
import type { FilterEnv } from 'fairway/filter'
import { passed, type Decision, type Demand, type Limit, type Standing } from '../counting/limit.ts'
import type { Counter } from '../remote/remote-limiter.ts'
import { openClient, type Client } from './open-client.ts'
import type { RedisConfig } from './redis-config.ts'
import { script } from './script.ts'

const SHA = hash('sha1', script)
/** Before somebody is connected to again who could not be at all. */
const AGAIN_MS = 1000

/** What a counter in Redis needs to know. */
export interface RedisCounterOptions {
  readonly config: RedisConfig
  readonly limits: readonly Limit[]
  readonly tellsAll: boolean
  readonly env: FilterEnv
  /** Default: a client of Redis. */
  readonly open?: typeof openClient
}

/** Counts in Redis: one call of a script for each decision; all that is asked for in a turn goes out in one write. */
export class RedisCounter implements Counter {
  readonly #options: RedisCounterOptions
  readonly #prefix: string
  readonly #fixed: ReadonlyMap<Limit, readonly string[]>
  #client: Client | undefined
  #why = 'not connected yet'
  #isClosed = false

  constructor(options: RedisCounterOptions) {
    this.#options = options
    const { env, limits } = options
    const id = hash('sha256', env.origin, 'base64url').slice(0, 16)
    // One script call wants all of its keys on one node of a cluster; a single limit may be spread over all.
    this.#prefix = limits.length === 1 ? `fairway:rl:${id}:` : `fairway:rl:{${id}}:`
    this.#fixed = new Map(limits.map((limit) => [limit, argumentsOf(limit)]))
    env.after(0, () => void this.#connect())
  }

  async decide(demands: readonly Demand[]): Promise<Decision> {
    const reply = await this.#run('decide', demands)
    const isAllowed = reply[0] === 1
    const standings = demands.map(({ limit }, i): Standing => {
      const [waitMs = 0, remaining = 0, resetMs = 0] = reply.slice(1 + 3 * i, 4 + 3 * i)
      return { limit, waitMs, remaining, resetMs }
    })
    const isTold = this.#options.tellsAll || standings.some(({ waitMs }) => waitMs > 0)
    return isAllowed && !isTold ? passed : { isAllowed, standings }
  }

  async charge(demands: readonly Demand[]): Promise<void> {
    await this.#run('charge', demands)
  }

  close(): void {
    this.#isClosed = true
    this.#client?.close()
  }

  async #run(what: 'decide' | 'charge', demands: readonly Demand[]): Promise<readonly number[]> {
    if (this.#client === undefined) throw new Error(this.#why)
    const keys = demands.map(({ limit, key }) => `${this.#prefix}${limit.name}:${key}`)
    const args: string[] = [what]
    for (const { limit, cost } of demands) {
      args.push(...(this.#fixed.get(limit) ?? []), String(cost), limit.isShadow ? '1' : '0')
    }
    const reply = await this.#evaluate(this.#client, keys, args)
    if (!Array.isArray(reply)) throw new Error('Redis answered what the script never does')
    return reply.map(Number)
  }

  async #evaluate(client: Client, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await client.eval(SHA, keys, args)
    } catch (error) {
      // A server that was started anew, or has taken over.
      if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return client.load(script, keys, args)
      throw error
    }
  }

  async #connect(): Promise<void> {
    const { config, env, open = openClient } = this.#options
    try {
      for (const server of config.servers) {
        const colon = server.lastIndexOf(':')
        if (await env.allowsEgress(server.slice(0, colon), Number(server.slice(colon + 1)))) continue
        this.#why = `${server} is not allowed: --filter-egress ${server}`
        return env.log('error', `${env.origin}: ${this.#why}`)
      }
      const password = passwordOf(config)
      const client = await open(config, password, (error) => (this.#why = error.message))
      if (this.#isClosed) client.close()
      else this.#client = client
    } catch (error) {
      this.#why = error instanceof Error ? error.message : String(error)
      if (!this.#isClosed) env.after(AGAIN_MS, () => void this.#connect())
    }
  }
}

/** The schema lets only names through that an operator has given for this. */
const passwordOf = ({ passwordVariable }: RedisConfig): string | undefined => {
  if (passwordVariable === undefined) return undefined
  const password = process.env[passwordVariable]
  if (password === undefined) throw new Error(`the variable ${passwordVariable} is not set`)
  return password
}

const argumentsOf = ({ algorithm, requests, periodMs, burst }: Limit): readonly string[] => [
  algorithm === 'TokenBucket' ? 'T' : 'S',
  String(requests),
  String(periodMs),
  String(burst),
]
