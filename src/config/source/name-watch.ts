/**
 * What addresses host names have: asked of the system's resolver again and again, for as long as somebody wants to know.
 * What names are for must never enter here.
 */
import { isIPv4 } from 'node:net'
import { canonicalIp } from '../../lib/ip.ts'
import type { Clock } from '../../lib/clock.ts'
import { isEqual } from '../../lib/is-equal.ts'

/** Addresses by name; none where there are none, `undefined` for what nobody has asked yet. */
export interface NameAddresses {
  readonly get: (name: string) => readonly string[] | undefined
}

export interface NameWatchDeps {
  readonly clock: Pick<Clock, 'after'>
  /** All addresses of a name; rejects when it cannot tell. */
  readonly lookup: (name: string) => Promise<readonly string[]>
  /** Some name has other addresses than before. */
  readonly onChange: (names: NameAddresses) => void
}

/** How long an answer counts: the system's resolver does not tell. */
const REFRESH_MS = 30_000
/** How soon one that failed is asked again; twice as late each time, since those that fail keep others waiting. */
const RETRY_MS = 5000
const LATEST_RETRY_MS = 300_000
/** How long the answers of several names are waited for. */
const SETTLE_MS = 20
/** Questions at a time: each holds one of the process' few threads, which verify tokens too. */
const MOST = 2

interface Watched {
  readonly name: string
  addresses: readonly string[] | undefined
  /** In a row. */
  failures: number
  cancel: () => void
  isGone: boolean
}

export class NameWatch {
  readonly #deps: NameWatchDeps
  readonly #watched = new Map<string, Watched>()
  #waiting: Watched[] = []
  #asking = 0
  #isChanging = false

  constructor(deps: NameWatchDeps) {
    this.#deps = deps
  }

  /** These are the names from now on; what is known of others is forgotten. */
  want(names: readonly string[]): void {
    const wanted = new Set(names)
    for (const [name, watched] of this.#watched) {
      if (wanted.has(name)) continue
      watched.isGone = true
      watched.cancel()
      this.#watched.delete(name)
    }
    for (const name of wanted) {
      if (this.#watched.has(name)) continue
      const watched: Watched = { name, addresses: undefined, failures: 0, cancel: () => {}, isGone: false }
      this.#watched.set(name, watched)
      this.#waiting.push(watched)
    }
    this.#next()
  }

  close(): void {
    this.want([])
    this.#waiting = []
  }

  #next(): void {
    while (this.#asking < MOST) {
      const watched = this.#waiting.shift()
      if (watched === undefined) return
      if (!watched.isGone) void this.#ask(watched)
    }
  }

  /** What is known stays when there is no answer: a name server that is away must not take endpoints away. */
  async #ask(watched: Watched): Promise<void> {
    this.#asking++
    let found: readonly string[] = []
    try {
      found = arrange(await this.#deps.lookup(watched.name))
    } catch {
      // Whoever has no address is told so by those who want it.
    }
    this.#asking--
    if (!watched.isGone) this.#take(watched, found)
    this.#next()
  }

  #take(watched: Watched, found: readonly string[]): void {
    const isKnown = found.length > 0
    if ((isKnown || watched.addresses === undefined) && !isEqual(watched.addresses, found)) {
      watched.addresses = found
      this.#tell()
    }
    watched.failures = isKnown ? 0 : watched.failures + 1
    const retryMs = Math.min(LATEST_RETRY_MS, RETRY_MS * 2 ** (watched.failures - 1))
    watched.cancel = this.#deps.clock.after(isKnown ? REFRESH_MS : retryMs, () => {
      this.#waiting.push(watched)
      this.#next()
    })
  }

  #tell(): void {
    if (this.#isChanging) return
    this.#isChanging = true
    this.#deps.clock.after(SETTLE_MS, () => {
      this.#isChanging = false
      const known = new Map([...this.#watched].map(([name, { addresses }]) => [name, addresses]))
      this.#deps.onChange({ get: (name) => known.get(name) })
    })
  }
}

/** IPv4 where there is any, as nobody here tries one family after the other; sorted, since resolvers shuffle. */
const arrange = (found: readonly string[]): readonly string[] => {
  const addresses = [...new Set(found.flatMap((address) => canonicalIp(address) ?? []))].toSorted()
  const v4 = addresses.filter((address) => isIPv4(address))
  return v4.length > 0 ? v4 : addresses
}

/** Makes a watch that asks the system. */
export const createNameWatch = (clock: NameWatchDeps['clock'], onChange: NameWatchDeps['onChange']): NameWatch =>
  new NameWatch({ clock, lookup: lookUpName, onChange })

/** Asks the system's resolver: its hosts file, name servers and search list, only for families that this machine has. */
export const lookUpName = async (name: string): Promise<readonly string[]> => {
  const [{ lookup }, { ADDRCONFIG }] = await Promise.all([import('node:dns/promises'), import('node:dns')])
  const found = await lookup(name, { all: true, hints: ADDRCONFIG })
  return found.map(({ address }) => address)
}
