import { createObjectReader } from '../../config/load-objects.ts'
import { CONTROLLER_NAME } from '../../config/status/kube-status.ts'
import type { SourcedObject, TranslateOptions } from '../../config/translate/options.ts'
import type { KubeClient } from '../../kube/client.ts'
import { formatKubeFailure } from '../../kube/failure.ts'
import { apiVersionOf, kubeResources, type KubeResource } from '../../kube/resources.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatIssue } from '../../lib/format-issue.ts'
import { isEqual } from '../../lib/is-equal.ts'
import type { Logger } from '../../lib/log.ts'
import { createGatewayTranslation, type TranslateGateways } from '../conditions/translate-gateways.ts'
import type { WaypointSettings } from '../desired/gateway-plan.ts'
import { decodeParameters } from '../desired/parameters/decode-parameters.ts'
import { findParameters, parametersKeyOf, type ConfigMapKey } from '../desired/parameters/parameter-refs.ts'
import { readBundleVersion } from '../gateway-api.ts'
import { FIELD_MANAGER, textAt, type LiveObject } from '../manifest.ts'
import type { Action } from '../reconcile/reconcile.ts'
import { classStatusOf, meshStatusOf } from '../status/class-status.ts'
import { formatTime } from '../status/conditions.ts'
import { gatewayStatusOf, type Refusal } from '../status/gateway-status.ts'
import { classFeatures, meshFeatures } from '../status/supported-features.ts'
import type { ClusterView } from '../watch/cluster-watch.ts'
import type { ConfigMapWatch } from '../watch/config-map-watch.ts'
import { createAttempts } from './attempts.ts'
import { createActionRunner, type ActionRunner } from './actions/action-runner.ts'
import { createEchoes } from './echoes.ts'
import type { Write } from './actions/execute.ts'
import { workOf, type GatewayWork } from './gateway-work.ts'
import { inParallel } from './in-parallel.ts'
import { meshedOptionsOf, winningFlagsOf } from './mesh-options.ts'
import { certificateKeys, gatewayKey, planPass, type OwnedGateway, type Plan } from './plan-pass.ts'
import { StatusQueue } from './status-queue.ts'
import { writeStatus } from './write-status.ts'

/** The class that is made where there is none of the name. */
export const CLASS_NAME = 'fairway-waypoint'
/** The same of a mesh. */
const MESH_NAME = 'fairway'

export interface PassOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: Logger
  readonly settings: WaypointSettings
  /** Where the controller runs, and defaults of classes stand. */
  readonly systemNamespace: string
  /** What objects are translated with, unless the mesh says otherwise. */
  readonly translate: TranslateOptions
  readonly configMaps: ConfigMapWatch
  /** Told of all that is written. */
  readonly onWrite: (write: Write) => void
  /** Nothing is written once it is aborted. */
  readonly signal: AbortSignal
}

/** What a look came to. */
export interface PassOutcome {
  /** Of ours. */
  readonly gateways: number
  /** Those that have a replica that is ready. */
  readonly programmed: number
  /** What could not be done. */
  readonly failures: readonly string[]
}

const PARALLEL_GATEWAYS = 4
const VERSION_MS = 600_000

/** Does what follows from what is there, and remembers what it did already. */
export class PassRunner {
  readonly #options: PassOptions
  readonly #actions: ActionRunner
  readonly #attempts
  readonly #echoes
  readonly #statuses: StatusQueue
  readonly #read = createObjectReader()
  /** Decoded ConfigMaps, by what they were decoded of. */
  readonly #decoded = new WeakMap<LiveObject, SourcedObject>()
  readonly #complained = new Set<string>()
  #meshed: TranslateOptions
  #translate: TranslateGateways
  /** When an object comes to its end by itself, which its status has to say then. */
  #nextEndMs: number | undefined
  #bundle: { readonly version: string | undefined; readonly atMs: number } | undefined

  constructor(options: PassOptions) {
    this.#options = options
    this.#actions = createActionRunner(options)
    this.#attempts = createAttempts<Refusal>(options.clock)
    this.#echoes = createEchoes(options.clock)
    this.#statuses = new StatusQueue({ ...options, onFailure: (message) => this.#complain([message]) })
    this.#meshed = options.translate
    this.#translate = createGatewayTranslation(() => options.translate)
  }

  /** In how many milliseconds something is to be tried again. */
  nextMs(): number | undefined {
    const waits = [this.#actions, this.#attempts, this.#echoes, this.#statuses]
      .map((one) => one.nextMs())
      .concat(this.#nextEndMs === undefined ? [] : [Math.max(0, this.#nextEndMs - this.#options.clock.nowMs())])
      .filter((wait) => wait !== undefined)
    return waits.length === 0 ? undefined : Math.min(...waits)
  }

  /** When nothing is being written any more, once `signal` is aborted. */
  settle(): Promise<void> {
    return this.#statuses.settle()
  }

  async run(view: ClusterView): Promise<PassOutcome> {
    const { configMaps, signal } = this.#options
    this.#nextEndMs = undefined
    const failures: string[] = []
    const certificates = certificateKeys(view.objects)
    configMaps.want(new Set([...certificates, ...parameterKeys(view), this.#meshKey()]))
    const isReady = await this.#makeClass(view)
    if (!isReady || !configMaps.hasDefaults() || !configMaps.isKnown(this.#meshKey())) {
      return { gateways: 0, programmed: 0, failures }
    }
    this.#takeMesh(configMaps.found().get(this.#meshKey()))
    const plan = planPass({
      view,
      configMaps: this.#decode(certificates),
      hasCertificates: [...certificates].every((key) => configMaps.isKnown(key)),
      translate: this.#translate,
      rootNamespace: this.#meshed.rootNamespace,
      nowMs: this.#options.clock.nowMs(),
    })
    this.#nextEndMs = plan.nextEndMs
    let programmed = 0
    await inParallel(plan.gateways, { limit: PARALLEL_GATEWAYS, signal }, async (owned) => {
      const work = await this.#serve(owned, view, plan)
      if (work === undefined) return
      if (work.facts.readyReplicas > 0 && work.failure === undefined) programmed++
      if (work.failure !== undefined) failures.push(`Gateway ${gatewayKey(owned.gateway)}: ${work.failure.message}`)
    })
    for (const action of await this.#confirm(plan, view)) {
      const failure = await this.#actions.run(action, view.resourceOf)
      if (failure !== undefined) failures.push(failure.message)
    }
    await this.#tellClasses(plan, view)
    await this.#tellMesh(view)
    this.#statuses.take(plan.statuses, view.resourceOf)
    this.#complain(failures)
    return { gateways: plan.gateways.length, programmed, failures }
  }

  /** What `undefined` stands for is not known yet. */
  async #serve(
    owned: OwnedGateway,
    view: ClusterView,
    plan: Plan,
  ): Promise<(GatewayWork & { readonly failure: Refusal | undefined }) | undefined> {
    const { configMaps, systemNamespace, settings, signal } = this.#options
    const { gateway, gatewayClass } = owned
    if (![gateway, gatewayClass].every((one) => isKnown(one, configMaps))) return undefined
    const scope = {
      view,
      plan,
      configMaps: configMaps.found(),
      systemNamespace,
      settings,
      applied: this.#actions.applied,
    }
    const work = workOf(owned, scope)
    let failure = refuseTaken(work.taken)
    for (const action of work.actions) {
      if (signal.aborted) return undefined
      const refusal = await this.#actions.run(action, view.resourceOf)
      failure ??= refusal
      // Replicas behind a Service that is somebody else's would be there for nobody.
      if (refusal !== undefined && action.kind === 'apply' && action.manifest.kind === 'Service') break
    }
    if (signal.aborted) return undefined
    const facts = { ...work.facts, failure, now: this.#now() }
    await this.#writeWhole('Gateway', gateway, { view, statusOf: (live) => gatewayStatusOf(live, facts) })
    return { ...work, failure }
  }

  /**
   * What is left over for certain. An API server that has just started may give lists of an older time, and what is there for
   * a Gateway that is missing in them must not go.
   */
  async #confirm({ leftovers, isOfOthers }: Plan, view: ClusterView): Promise<readonly Action[]> {
    const resource = view.resourceOf('Gateway')
    if (leftovers.length === 0 || resource === undefined) return []
    const classes = new Map<string, string>()
    const { client, signal } = this.#options
    const listed = await client.list(resource, {
      signal,
      onItem: (gateway) =>
        void classes.set(textAt(gateway, 'metadata', 'uid'), textAt(gateway, 'spec', 'gatewayClassName')),
    })
    if (!listed.ok) return []
    return leftovers.flatMap(({ owner, action }) => {
      const className = classes.get(owner)
      return className === undefined || isOfOthers(className) ? [action] : []
    })
  }

  async #tellClasses(plan: Plan, view: ClusterView): Promise<void> {
    if (plan.gatewayClasses.length === 0) return
    const bundleVersion = await this.#bundleVersion()
    const { configMaps } = this.#options
    for (const gatewayClass of plan.gatewayClasses) {
      if (!isKnown(gatewayClass, configMaps)) continue
      const parametersFault = faultOfParameters(gatewayClass, configMaps.found())
      const facts = { parametersFault, bundleVersion, features: classFeatures, now: this.#now() }
      await this.#writeWhole('GatewayClass', gatewayClass, { view, statusOf: (live) => classStatusOf(live, facts) })
    }
  }

  /** Of an object that is known as a whole. */
  async #writeWhole(
    kind: 'Gateway' | 'GatewayClass' | 'XMesh',
    known: LiveObject,
    { view, statusOf }: { readonly view: ClusterView; readonly statusOf: (live: LiveObject) => unknown },
  ): Promise<void> {
    const { client, signal, onWrite } = this.#options
    const resource = view.resourceOf(kind)
    const key = `status of ${kind} ${gatewayKey(known)}`
    if (resource === undefined || this.#attempts.held(key) !== undefined) return
    const [namespace, name] = [textAt(known, 'metadata', 'namespace'), textAt(known, 'metadata', 'name')]
    const place = namespace === '' ? { name } : { namespace, name }
    const status = statusOf(known)
    if (status === known['status']) return
    // One that was made anew has heard nothing yet.
    const told = `${textAt(known, 'metadata', 'uid')} ${JSON.stringify(status, withoutTimes)}`
    if (this.#echoes.isAwaited(key, told)) return
    const failure = await writeStatus(resource, { known, place, statusOf }, { client, signal, onWrite })
    if (failure === undefined) {
      this.#attempts.succeed(key)
      this.#echoes.await(key, told, true)
    } else this.#attempts.fail(key, { reason: failure.reason, message: formatKubeFailure(failure) })
  }

  /**
   * Makes the class where it is missing. False when nothing can be said of Gateways now: it is among the objects the next
   * time, or somebody has to make it.
   */
  async #makeClass(view: ClusterView): Promise<boolean> {
    if (view.gatewayClasses.some((one) => textAt(one, 'metadata', 'name') === CLASS_NAME)) return true
    const isMissed = view.gateways.some((one) => textAt(one, 'spec', 'gatewayClassName') === CLASS_NAME)
    const resource = view.resourceOf('GatewayClass') ?? kubeResources.GatewayClass
    const isMade = await this.#make(resource, CLASS_NAME, 'Waypoints for ambient meshes')
    return !isMade && !isMissed
  }

  /** The mesh that waypoints make, where the kind is there to say so, and what it is capable of. */
  async #tellMesh(view: ClusterView): Promise<void> {
    const resource = view.resourceOf('XMesh')
    if (view.meshes === undefined || resource === undefined) return
    const own = view.meshes.filter((one) => textAt(one, 'spec', 'controllerName') === CONTROLLER_NAME)
    if (own.length === 0) await this.#make(resource, MESH_NAME, 'An ambient mesh with waypoints')
    const facts = { features: meshFeatures, now: this.#now() }
    for (const mesh of own) {
      await this.#writeWhole('XMesh', mesh, { view, statusOf: (live) => meshStatusOf(live, facts) })
    }
  }

  /** Makes an object of ours that may be there already; whether it is there now. */
  async #make(resource: KubeResource, name: string, description: string): Promise<boolean> {
    const { client, signal, onWrite } = this.#options
    const { kind } = resource
    if (this.#attempts.held(`${kind} ${name}`) !== undefined) return false
    const object = {
      apiVersion: apiVersionOf(resource),
      kind,
      metadata: { name },
      spec: { controllerName: CONTROLLER_NAME, description },
    }
    const made = await client.create(resource, object, { fieldManager: FIELD_MANAGER, signal })
    const isMade = made.ok || made.failure.reason === 'AlreadyExists'
    onWrite({ kind, name, verb: 'create', ...(isMade ? {} : { failure: made.failure }) })
    if (isMade) this.#attempts.succeed(`${kind} ${name}`)
    else {
      const message = formatKubeFailure(made.failure)
      this.#attempts.fail(`${kind} ${name}`, { reason: made.failure.reason, message })
      this.#complain([`${kind} ${name} cannot be made: ${message}`])
    }
    return isMade
  }

  #meshKey(): ConfigMapKey {
    return `${this.#options.settings.istioNamespace}/istio`
  }

  #takeMesh(configMap: LiveObject | undefined): void {
    const { translate, settings } = this.#options
    const meshed = meshedOptionsOf(translate, configMap, winningFlagsOf(settings))
    // The last one that could be read stays.
    if (!meshed.ok) return this.#complain([`the MeshConfig cannot be read: ${meshed.message}`])
    if (isEqual(meshed.options, this.#meshed)) return
    this.#meshed = meshed.options
    this.#translate = createGatewayTranslation(() => meshed.options)
  }

  #decode(keys: ReadonlySet<ConfigMapKey>): readonly SourcedObject[] {
    return [...this.#options.configMaps.found()].flatMap(([key, configMap]) => {
      if (!keys.has(key)) return []
      const source = this.#decoded.get(configMap) ?? { read: this.#read(configMap), locate: () => undefined }
      this.#decoded.set(configMap, source)
      return [source]
    })
  }

  async #bundleVersion(): Promise<string | undefined> {
    const { client, clock, signal } = this.#options
    const nowMs = clock.monotonicMs()
    if (this.#bundle !== undefined && nowMs - this.#bundle.atMs < VERSION_MS) return this.#bundle.version
    const found = await readBundleVersion(client, signal)
    const version = found.ok ? found.value : ''
    this.#bundle = { version: version === '' ? this.#bundle?.version : version, atMs: nowMs }
    return this.#bundle.version
  }

  /** Once for each thing that is wrong, for as long as it is. */
  #complain(failures: readonly string[]): void {
    for (const failure of failures) {
      if (this.#complained.has(failure)) continue
      if (this.#complained.size > MAX_COMPLAINTS) this.#complained.clear()
      this.#complained.add(failure)
      this.#options.log.warn(failure)
    }
  }

  #now(): string {
    return formatTime(this.#options.clock.nowMs())
  }
}

const MAX_COMPLAINTS = 1000

/** The same is said at different times when somebody takes it away each time. */
const withoutTimes = (field: string, value: unknown): unknown => (field === 'lastTransitionTime' ? undefined : value)

/** Whether the parameters that an object names are known, or known to be missing. */
const isKnown = (object: LiveObject, configMaps: ConfigMapWatch): boolean => {
  const found = parametersKeyOf(object)
  return found === undefined || 'fault' in found || configMaps.isKnown(found.key)
}

const faultOfParameters = (
  object: LiveObject,
  configMaps: ReadonlyMap<ConfigMapKey, LiveObject>,
): string | undefined => {
  const found = findParameters(object, configMaps)
  if (!found.ok) return found.message
  const issues = found.sources.flatMap(({ data, source }) => {
    const decoded = decodeParameters(data, source)
    return decoded.ok ? [] : decoded.issues
  })
  return issues.length === 0 ? undefined : issues.map(formatIssue).join('; ')
}

const parameterKeys = ({ gateways, gatewayClasses }: ClusterView): readonly ConfigMapKey[] => {
  const own = gatewayClasses.filter((one) => textAt(one, 'spec', 'controllerName') === CONTROLLER_NAME)
  const names = new Set(own.map((one) => textAt(one, 'metadata', 'name')))
  const ofOurs = gateways.filter((one) => names.has(textAt(one, 'spec', 'gatewayClassName')))
  return [...own, ...ofOurs].flatMap((one) => {
    const found = parametersKeyOf(one)
    return found === undefined || 'fault' in found ? [] : [found.key]
  })
}

const refuseTaken = (taken: readonly string[]): Refusal | undefined => {
  if (taken.length === 0) return undefined
  const names = taken.filter((key) => !key.includes('Binding/')).map((key) => key.replace('/', ' '))
  const message = `another Gateway has ${names.join(', ')}: name the objects of one of them otherwise (annotation gateway.istio.io/name-override)`
  return { reason: 'Invalid', message }
}
