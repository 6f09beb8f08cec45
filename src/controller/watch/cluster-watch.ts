import { createObjectReader } from '../../config/load-objects.ts'
import { formatTroubles } from '../../config/source/kube/format-troubles.ts'
import type { SourcedObject } from '../../config/translate/options.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { KubeFailure } from '../../kube/failure.ts'
import { startReflector, type Reflector } from '../../kube/reflector.ts'
import { apiVersionOf, type KubeResource } from '../../kube/resources.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/log.ts'
import { ownerOf } from '../reconcile/reconcile.ts'
import type { LiveObject } from '../manifest.ts'
import { createHolding, isSameHeld, type Held } from './held.ts'
import { chooseResource, followedKinds, selectionOf, type FollowedKind } from './kinds.ts'

/** What there is in the cluster at the moment, as far as the controller has to know. */
export interface ClusterView {
  readonly gateways: readonly LiveObject[]
  readonly gatewayClasses: readonly LiveObject[]
  /** `undefined`: the server does not have the kind. */
  readonly meshes: readonly LiveObject[] | undefined
  /** What waypoints read. */
  readonly objects: readonly SourcedObject[]
  /** Objects of ours, by `KIND/NAMESPACE/NAME`. */
  readonly owned: ReadonlyMap<string, LiveObject>
  /** What was said of objects already, by the same; `''`: nothing. */
  readonly told: ReadonlyMap<string, string>
  /** Where objects of a kind stand. */
  readonly resourceOf: (kind: string) => KubeResource | undefined
}

export interface ClusterWatchOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch' | 'served'>
  readonly clock: Clock
  readonly log: Logger
  readonly onChange: () => void
}

/** Follows all kinds that the controller has to know. */
export interface ClusterWatch {
  /** `undefined` until everything is there. */
  readonly view: () => ClusterView | undefined
  /** What it waits for, or cannot see; for people. */
  readonly troubles: () => readonly string[]
  readonly close: () => void
}

/** How often the server is asked whether it has kinds now that it had not. */
const lookMs = 30_000
/** The same while it cannot be asked at all. */
const retryMs = 2000
/** A connection that breaks and is there again is no trouble. */
const tellMs = 1000

interface Followed {
  readonly resource: KubeResource
  readonly reflector: Reflector<Held>
}

/** Starts to follow. */
export const startClusterWatch = (options: ClusterWatchOptions): ClusterWatch => {
  const watch = new Watch(options)
  void watch.look()
  return watch
}

class Watch implements ClusterWatch {
  readonly #options: ClusterWatchOptions
  readonly #kinds = followedKinds()
  readonly #read = createObjectReader()
  readonly #followed = new Map<string, Followed>()
  #complained: readonly string[] = []
  #cancelTelling: (() => void) | undefined
  #discovery: KubeFailure | undefined
  #hasLooked = false
  #isClosed = false
  #cancel = (): void => {}

  constructor(options: ClusterWatchOptions) {
    this.#options = options
  }

  view(): ClusterView | undefined {
    if (!this.#hasLooked || this.#missing().length > 0) return undefined
    const objects: SourcedObject[] = []
    const owned = new Map<string, LiveObject>()
    const told = new Map<string, string>()
    const whole: LiveObject[] = []
    for (const { reflector } of this.#followed.values()) {
      for (const { key, source, raw, told: said } of reflector.items()) {
        if (source !== undefined) objects.push(source)
        told.set(key, said)
        if (raw === undefined) continue
        whole.push(raw)
        if (ownerOf(raw) !== '') owned.set(key, raw)
      }
    }
    return {
      gateways: whole.filter(({ kind }) => kind === 'Gateway'),
      gatewayClasses: whole.filter(({ kind }) => kind === 'GatewayClass'),
      meshes: this.#followed.has('XMesh') ? whole.filter(({ kind }) => kind === 'XMesh') : undefined,
      objects,
      owned,
      told,
      resourceOf: (kind) => this.#followed.get(kind)?.resource,
    }
  }

  troubles(): readonly string[] {
    const missing = this.#hasLooked
      ? this.#missing().map((kind) => `${kind} is not known yet`)
      : ['nothing is known yet']
    return [...this.#failures(), ...missing]
  }

  #failures(): readonly string[] {
    const states = [...this.#followed.values()].map(({ reflector }) => reflector.state().failure)
    return formatTroubles([this.#discovery, ...states].filter((failure) => failure !== undefined))
  }

  close(): void {
    this.#isClosed = true
    this.#cancel()
    this.#cancelTelling?.()
    for (const { reflector } of this.#followed.values()) reflector.close()
  }

  /** Finds out which kinds there are, and follows those that are new. */
  async look(): Promise<void> {
    const groups = Map.groupBy(
      this.#kinds.filter(({ kind }) => this.#isMissed(kind)),
      ({ group }) => group,
    )
    this.#discovery = undefined
    for (const [group, kinds] of groups) {
      const versions = [...new Set(kinds.flatMap((kind) => kind.versions))]
      const served = await this.#options.client.served(group, versions)
      if (this.#isClosed) return
      if (!served.ok) {
        this.#discovery = served.failure
        continue
      }
      for (const kind of kinds) {
        const resource = chooseResource(
          kind,
          served.value.map((one) => one.resource),
        )
        this.#take(kind, resource)
      }
    }
    this.#hasLooked ||= this.#discovery === undefined
    this.#changed()
    this.#cancel = this.#options.clock.after(this.#discovery === undefined ? lookMs : retryMs, () => void this.look())
  }

  /** Not found yet, or no longer where it was: definitions are deleted, and come back in other versions. */
  #isMissed(kind: string): boolean {
    const followed = this.#followed.get(kind)
    return followed === undefined || followed.reflector.state().failure?.status === 404
  }

  #take(kind: FollowedKind, resource: KubeResource | undefined): void {
    const before = this.#followed.get(kind.kind)
    if (before !== undefined) {
      if (before.resource.version === resource?.version) return
      before.reflector.close()
      this.#followed.delete(kind.kind)
    }
    if (resource !== undefined) this.#follow(kind, resource)
  }

  #follow(kind: FollowedKind, resource: KubeResource): void {
    const { client, clock } = this.#options
    const decode = kind.as === 'read' ? this.#read : undefined
    const reflector = startReflector<Held>({
      client,
      clock,
      resource,
      selection: selectionOf(kind),
      decode: createHolding(kind.kind, apiVersionOf(resource), decode),
      isSame: isSameHeld,
      onChange: () => this.#changed(),
    })
    this.#followed.set(kind.kind, { resource, reflector })
  }

  /** Kinds without which nothing can be done, or that are still being listed. */
  #missing(): readonly string[] {
    return this.#kinds.flatMap(({ kind, isRequired }) => {
      const followed = this.#followed.get(kind)
      if (followed === undefined) return isRequired ? [kind] : []
      const { phase, failure } = followed.reflector.state()
      if (phase === 'synced') return []
      // What may not be read is as if it were not there; that is told.
      return !isRequired && failure?.reason === 'Forbidden' ? [] : [kind]
    })
  }

  #changed(): void {
    if (this.#isClosed) return
    this.#cancelTelling ??= this.#options.clock.after(tellMs, () => this.#tellTroubles())
    this.#options.onChange()
  }

  #tellTroubles(): void {
    this.#cancelTelling = undefined
    const now = this.#failures()
    for (const trouble of now.filter((one) => !this.#complained.includes(one))) {
      this.#options.log.warn(`the cluster cannot be seen whole: ${trouble}`)
    }
    if (now.length === 0 && this.#complained.length > 0) this.#options.log.info('the cluster is seen whole again')
    this.#complained = now
  }
}
