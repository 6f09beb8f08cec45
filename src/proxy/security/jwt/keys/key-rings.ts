import type { KeySource } from '../../../../model/security/authentication.ts'
import { KeyRing, type KeyRingDeps, type WantedKey } from './key-ring.ts'
import { findKeys, readKeySet, type PublicKey } from './key-set.ts'

/** Where the keys of a rule are looked for: a `KeyRing`, or those that stand in the policy. */
export type Keys = Pick<KeyRing, 'find'>

/** Keys by where they come from: rules that name the same place have the same. One for each process. */
export class KeyRings {
  readonly #deps: KeyRingDeps
  #bySource = new WeakMap<KeySource, Keys>()
  readonly #known = new Map<string, Keys>()

  constructor(deps: KeyRingDeps) {
    this.#deps = deps
  }

  /** The keys of a source, made when they are first asked for. */
  of(source: KeySource): Keys {
    const known = this.#bySource.get(source)
    if (known !== undefined) return known
    const name = JSON.stringify(source)
    const keys = this.#known.get(name) ?? this.#make(source)
    this.#known.set(name, keys)
    this.#bySource.set(source, keys)
    return keys
  }

  /** Forgets all but these, and gets those that were not asked for yet. */
  retain(sources: readonly KeySource[]): void {
    const kept = new Set(sources.map((source) => this.of(source)))
    for (const [name, keys] of this.#known) {
      if (kept.has(keys)) {
        if (keys instanceof KeyRing) keys.prepare()
        continue
      }
      if (keys instanceof KeyRing) keys.close()
      this.#known.delete(name)
      // A source may come back, and what is closed is not opened again.
      this.#bySource = new WeakMap()
    }
  }

  close(): void {
    this.retain([])
  }

  #make(source: KeySource): Keys {
    if (source.kind !== 'inline') return new KeyRing(source, this.#deps)
    const keys = readKeySet(source.jwks, []) ?? []
    return { find: (wanted: WantedKey): readonly PublicKey[] => findKeys(keys, wanted) }
  }
}
