import { hash } from 'node:crypto'
import type { FilterEnv } from 'fairway/filter'
import type { CacheKey } from './cache-key.ts'

/**
 * What became of a request that others wait for: `lost` ones had no whole answer, so the next may try; `unstorable` will be
 * what others bring as well, and of `useless` ones nobody knows.
 */
export type Landing = 'stored' | 'unstorable' | 'useless' | 'lost'

/** A request on its way, for others as well. */
export interface Flight {
  /** Tells once what became of it. */
  readonly onLanded: (hear: (how: Landing) => void) => void
  /** What it brings was true before something has changed it, and must not be kept. */
  readonly isVoid: () => boolean
  /** Once; what is said later does not count. */
  readonly land: (how: Landing) => void
}

/** How long answers that cannot be stored are not waited for. */
const REMEMBER_MS = 30_000
const MAX_REMEMBERED = 10_000
/** Keys of so many characters are remembered as they are: a digest takes longer than all else that is done for a miss. */
const MAX_NAME = 256

interface Airspace {
  /** Those that others wait for, by partition. */
  readonly leaders: Map<string, Flight>
  readonly voids: Set<() => void>
}

/** Which requests are on their way, so that others for the same may wait for their answers. */
export class Flights {
  readonly #env: Pick<FilterEnv, 'now' | 'after'>
  readonly #byUri = new Map<string, Airspace>()
  /** Until when, by name of key. */
  readonly #unstorable = new Map<string, number>()

  constructor(env: Pick<FilterEnv, 'now' | 'after'>) {
    this.#env = env
  }

  /** The one for this key, if it is worth to wait for. */
  find(key: CacheKey): Flight | undefined {
    const flight = this.#byUri.get(key.uri)?.leaders.get(key.partition)
    if (flight === undefined || this.#unstorable.size === 0) return flight
    return (this.#unstorable.get(nameOf(key)) ?? 0) > this.#env.now() ? undefined : flight
  }

  /** Whether one is under way, whatever is to be expected of it. */
  isUnderWay({ uri, partition }: CacheKey): boolean {
    return this.#byUri.get(uri)?.leaders.has(partition) === true
  }

  /** Begins one; nobody waits for it when there is one already. */
  begin(key: CacheKey): Flight {
    const { uri, partition } = key
    // Mostly nobody waits.
    let hearing: ((how: Landing) => void)[] | undefined
    let landed: Landing | undefined
    const space = this.#byUri.get(uri) ?? { leaders: new Map<string, Flight>(), voids: new Set<() => void>() }
    let isVoid = false
    const makeVoid = (): void => void (isVoid = true)
    const land = (how: Landing): void => {
      if (!space.voids.delete(makeVoid)) return
      landed = how
      hearing?.forEach((hear) => hear(how))
      if (space.leaders.get(partition) === flight) space.leaders.delete(partition)
      if (space.voids.size === 0) this.#byUri.delete(uri)
      if (how === 'unstorable') this.#remember(key)
      else if (how === 'stored' && this.#unstorable.size > 0) this.#unstorable.delete(nameOf(key))
    }
    const onLanded: Flight['onLanded'] = (hear) => {
      if (landed === undefined) (hearing ??= []).push(hear)
      else hear(landed)
    }
    const flight: Flight = { onLanded, isVoid: () => isVoid, land }
    space.voids.add(makeVoid)
    if (!space.leaders.has(partition)) space.leaders.set(partition, flight)
    this.#byUri.set(uri, space)
    return flight
  }

  /** Nothing that is on its way for such a URI is to be kept. */
  voidWhere(isMeant: (uri: string) => boolean): void {
    for (const [uri, { voids }] of this.#byUri) if (isMeant(uri)) for (const makeVoid of voids) makeVoid()
  }

  /** The same for one URI. */
  voidAll(uri: string): void {
    for (const makeVoid of this.#byUri.get(uri)?.voids ?? []) makeVoid()
  }

  /** Waits for it, so long at most. */
  wait({ onLanded }: Flight, maxMs: number): Promise<Landing | 'late'> {
    return new Promise((resolve) => {
      const cancel = this.#env.after(maxMs, () => resolve('late'))
      onLanded((how) => {
        cancel()
        resolve(how)
      })
    })
  }

  #remember(key: CacheKey): void {
    const name = nameOf(key)
    const nowMs = this.#env.now()
    // Anew for each of them would be work for what is known.
    if ((this.#unstorable.get(name) ?? 0) > nowMs + REMEMBER_MS / 2) return
    if (this.#unstorable.size >= MAX_REMEMBERED) this.#unstorable.clear()
    this.#unstorable.set(name, nowMs + REMEMBER_MS)
  }
}

/** A key that is remembered; a long one by its digest, which has no space in it. */
const nameOf = ({ uri, partition }: CacheKey): string => {
  const text = `${uri} ${partition}`
  return text.length <= MAX_NAME ? text : hash('sha256', text, 'base64')
}
