/**
 * Where objects come from: a Kubernetes API server, as a sequence of complete sets. What an object means, and half of a
 * change, must never leave this room. It follows what is planned (`plan-watches.ts`), which depends on what is known and
 * on what the translation of it asked for.
 */
import type { Clock } from '../../../lib/clock.ts'
import { isEqual } from '../../../lib/is-equal.ts'
import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { startReflector, type Reflector } from '../../../kube/reflector.ts'
import { kubeResources, type KubeResource } from '../../../kube/resources.ts'
import type { GatewayObject } from '../../objects/gateway.ts'
import type { ReadObject } from '../../objects/read-object.ts'
import type { MeshFile } from '../mesh-file.ts'
import type { ObjectSet } from '../object-set.ts'
import { formatTroubles } from './format-troubles.ts'
import { createKubeItems, isSameItem, type KubeItem } from './kube-item.ts'
import { MESH_MAP, readMeshMap } from './mesh-map.ts'
import { startDiscovery, type Discovery } from './kind-discovery.ts'
import { followedKinds, planWatches, type PlannedWatch, type SourceWants } from './plan-watches.ts'
import { stripObject } from './strip-object.ts'
import { createTroubleTeller } from './trouble-teller.ts'
import { WatchSet } from './watch-set.ts'

export interface KubeSourceOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch' | 'served'>
  /** Which one this process is. */
  readonly gateway: { readonly namespace: string; readonly name: string }
  /** Where Istio's MeshConfig is. */
  readonly istioNamespace: string
  /** What is kept of an object that is not folded. */
  readonly decode: (value: unknown) => ReadObject
  /** Called with each complete set. */
  readonly onSet: (set: ObjectSet<ReadObject>) => void
  /** Called when something was read, whatever came of it. */
  readonly onLook?: () => void
  /** Gets Istio's MeshConfig, before the first set and whenever it changes; not given: it is not read. */
  readonly onMesh?: ((mesh: MeshFile) => void) | undefined
  /** Gets what keeps us from knowing more, a line for each; none when all is well again. */
  readonly onTroubles: (troubles: readonly string[]) => void
  readonly clock: Clock
  readonly random?: () => number
  /** How long after a set the next one comes at the earliest. Default 50. */
  readonly coalesceMs?: number
  /** How often it is looked for kinds that the server does not have yet. Default 30,000. */
  readonly discoveryMs?: number
}

export interface KubeSource {
  /**
   * Takes what the translation of the last set asked for. False: something of it is not there yet, and a set comes as soon
   * as it is; what was translated is better not put in force until then.
   */
  readonly want: (wants: SourceWants) => boolean
  readonly close: () => void
}

/** Starts to follow; the first set comes when everything that is needed is there. */
export const openKubeSource = (options: KubeSourceOptions): KubeSource => {
  const source = new Source(options)
  return { want: (wants) => source.want(wants), close: () => source.close() }
}

const defaultCoalesceMs = 50
const defaultDiscoveryMs = 30_000
/** Events come in groups. */
const gatherMs = 5

class Source {
  readonly #options: KubeSourceOptions
  readonly #random: () => number
  readonly #createItem: ReturnType<typeof createKubeItems>
  readonly #watches: WatchSet<KubeItem>
  readonly #discovery: Discovery
  readonly #troubles: ReturnType<typeof createTroubleTeller>
  readonly #mesh: Reflector<KubeJson> | undefined
  #kinds: ReadonlyMap<string, KubeResource> | undefined
  #wants: SourceWants | undefined
  #meshObject: KubeJson | undefined
  #isMeshKnown: boolean
  #isChanged = false
  #cancelLook: (() => void) | undefined
  #nextSetMs = 0
  #isClosed = false

  constructor(options: KubeSourceOptions) {
    const { client, clock, onTroubles, onMesh, random = Math.random, discoveryMs = defaultDiscoveryMs } = options
    this.#options = options
    this.#random = random
    this.#createItem = createKubeItems(options.decode)
    this.#troubles = createTroubleTeller(clock, onTroubles)
    this.#watches = new WatchSet(
      (plan, onChange) => this.#start(plan, onChange),
      () => this.#lookSoon(),
    )
    this.#isMeshKnown = onMesh === undefined
    this.#mesh = onMesh === undefined ? undefined : this.#followMesh(onMesh)
    this.#discovery = startDiscovery({
      client,
      kinds: followedKinds,
      onKinds: (kinds) => {
        this.#kinds = kinds
        this.#plan()
      },
      onAnswer: () => this.#lookSoon(),
      clock,
      random,
      everyMs: discoveryMs,
    })
  }

  want(wants: SourceWants): boolean {
    if (!isEqual(wants, this.#wants)) {
      this.#wants = wants
      this.#plan()
    }
    return !this.#watches.isMoving
  }

  close(): void {
    this.#isClosed = true
    this.#cancelLook?.()
    this.#troubles.close()
    this.#discovery.close()
    this.#mesh?.close()
    this.#watches.close()
  }

  #plan(): void {
    if (this.#kinds === undefined) return
    const { gateway } = this.#options
    const object = this.#findGateway()
    this.#watches.follow(planWatches({ gateway, object, kinds: this.#kinds, wants: this.#wants }))
    this.#lookSoon()
  }

  #start(plan: PlannedWatch, onChange: () => void): Reflector<KubeItem> {
    const { client, clock } = this.#options
    const { resource, selection, isWanted } = plan
    return startReflector<KubeItem>({
      client,
      resource,
      selection,
      ...(isWanted === undefined ? {} : { isWanted }),
      decode: (object) => this.#createItem(stripObject(object, resource.kind), resource.kind),
      isSame: isSameItem,
      onChange,
      clock,
      random: this.#random,
    })
  }

  #lookSoon(): void {
    const { clock } = this.#options
    const waitMs = Math.max(gatherMs, this.#nextSetMs - clock.monotonicMs())
    this.#cancelLook ??= clock.after(waitMs, () => this.#look())
  }

  #look(): void {
    this.#cancelLook = undefined
    if (this.#isClosed) return
    if (this.#watches.look()) {
      this.#isChanged = true
      // The Gateway decides what else is to be followed.
      this.#plan()
    }
    this.#tellTroubles()
    const isFirst = this.#wants === undefined
    if (!this.#isChanged || !this.#isMeshKnown || !this.#hasGateways() || (isFirst && this.#watches.isMoving)) return
    this.#isChanged = false
    const objects: KubeItem[] = []
    for (const { items } of this.#watches.active()) for (const item of items) objects.push(item)
    // A list that grew has room for half as many again.
    this.#options.onSet({ objects: objects.slice(), issues: [] })
    this.#nextSetMs = this.#options.clock.monotonicMs() + (this.#options.coalesceMs ?? defaultCoalesceMs)
    this.#options.onLook?.()
  }

  /** Whether it is known which Gateways there are. */
  #hasGateways(): boolean {
    for (const { plan } of this.#watches.active()) if (plan.resource.kind === 'Gateway') return true
    return false
  }

  #findGateway(): GatewayObject | undefined {
    const { namespace, name } = this.#options.gateway
    for (const { plan, items } of this.#watches.active()) {
      if (plan.resource.kind !== 'Gateway') continue
      for (const { read } of items) {
        if (read.state !== 'typed' || read.object.kind !== 'Gateway') continue
        if (read.ref.namespace === namespace && read.ref.name === name) return read.object
      }
    }
    return undefined
  }

  #followMesh(onMesh: (mesh: MeshFile) => void): Reflector<KubeJson> {
    const { client, clock, istioNamespace: namespace } = this.#options
    return startReflector<KubeJson>({
      client,
      resource: kubeResources.ConfigMap,
      selection: { namespace, fields: `metadata.name=${MESH_MAP}` },
      decode: (object) => object,
      isSame: (before, after) => isEqual(before['data'], after['data']),
      onChange: () => void this.#readMesh(onMesh),
      clock,
      random: this.#random,
    })
  }

  async #readMesh(onMesh: (mesh: MeshFile) => void): Promise<void> {
    this.#lookSoon()
    if (this.#mesh?.state().phase !== 'synced') return
    const [object] = this.#mesh.items()
    if (this.#isMeshKnown && object === this.#meshObject) return
    this.#meshObject = object
    const mesh = await readMeshMap(object, this.#options.istioNamespace)
    // A newer one is on its way.
    if (this.#isClosed || object !== this.#meshObject) return
    this.#isMeshKnown = true
    onMesh(mesh)
    this.#lookSoon()
  }

  #tellTroubles(): void {
    const beside = [this.#discovery.failure(), this.#mesh?.state().failure]
    const failures = [...beside.filter((failure) => failure !== undefined), ...this.#watches.failures()]
    if (failures.some(({ status }) => status === 404)) this.#discovery.hurry()
    const lacks = this.#kinds === undefined || this.#kinds.has('Gateway') ? [] : [noGatewayApi]
    this.#troubles.update([...lacks, ...formatTroubles(failures)])
  }
}

const noGatewayApi =
  'the API server has no kind Gateway of group gateway.networking.k8s.io: the definitions of the Gateway API are not installed'
