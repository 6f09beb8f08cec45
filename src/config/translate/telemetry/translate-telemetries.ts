/**
 * Telemetry objects to what is told of the exchanges with each Service. An object that has no effect, all or part of it,
 * always gets a condition that says why.
 */
import type { Condition } from '../../../model/condition.ts'
import type { ModelTelemetry, TelemetryPolicy } from '../../../model/telemetry/telemetry-policy.ts'
import type { TelemetryProvider } from '../../../model/telemetry/telemetry-provider.ts'
import { MESH_LOG } from '../../objects/mesh-config/mesh-telemetry.ts'
import type { TelemetryObject } from '../../objects/telemetry/telemetry-object.ts'
import type { Entry } from '../catalog.ts'
import type { TranslateOptions } from '../options.ts'
import type { TargetScope } from '../security/resolve-targets.ts'
import { FLAGS, mergeLogs, mergeMetrics, mergeTracing } from './merge-sections.ts'
import { decidePlaces, keyOf, placeTelemetry, type Place, type TelemetryPlaces } from './place-telemetries.ts'
import { telemetryConditions } from './telemetry-conditions.ts'
import { createTelemetryProviders, type SectionName, type TelemetryProviders } from './telemetry-providers.ts'
import { usableSections, type UsableSections } from './usable-sections.ts'

/** What the Telemetry objects of a set come to. */
export interface TranslatedTelemetry {
  /** Absent: nobody says anything. */
  readonly telemetry?: ModelTelemetry
  /** Key of the policy of a Service, by `NAMESPACE/NAME`. */
  readonly policyOf: (service: string) => string | undefined
  readonly conditions: readonly Condition[]
}

/** Translates the Telemetry objects of a set, which come sorted by key. */
export type TranslateTelemetries = (
  objects: readonly Entry<TelemetryObject>[],
  scope: TargetScope,
) => TranslatedTelemetry

/** Makes the translation for one set of options, with a memory: what an object comes to is found out once. */
export const createTelemetryTranslation = ({ mesh }: Pick<TranslateOptions, 'mesh'>): TranslateTelemetries => {
  const providers = createTelemetryProviders(mesh)
  const known = new WeakMap<TelemetryObject, UsableSections>()
  const usableOf = (object: TelemetryObject): UsableSections => {
    const usable = known.get(object) ?? usableSections(object, providers)
    known.set(object, usable)
    return usable
  }
  return (objects, scope) => {
    const placed = objects.map((entry) => placeTelemetry(entry, scope))
    const places = decidePlaces(placed)
    const policies = new Policies({ places, usableOf, providers, mesh })
    // Nearly all Services have nothing of their own, and there may be ten thousand.
    const common = policies.at(sharedPlaces)
    const own = new Map<string, string | undefined>()
    for (const key of scope.keys) {
      const special = placesOf(key, scope).filter((place) => places.at(place) !== undefined)
      if (special.length > 0) own.set(key, policies.at([...sharedPlaces, ...special]))
    }
    const telemetry = policies.telemetry(common)
    return {
      ...(telemetry === undefined ? {} : { telemetry }),
      policyOf: (service) => (own.has(service) ? own.get(service) : common),
      conditions: placed.flatMap((one) => telemetryConditions(one, { places, usable: usableOf(one.entry.object) })),
    }
  }
}

/** What is for all that the waypoint serves, Pods themselves too; the most special behind. */
const sharedPlaces: readonly Place[] = ['mesh', 'class', 'own-namespace', 'gateway']

/** What is for one Service beside; the most special behind. */
const placesOf = (service: string, { gateway, rootNamespace }: TargetScope): readonly Place[] => {
  const namespace = service.slice(0, service.indexOf('/'))
  const isElsewhere = namespace !== gateway?.entry.object.metadata.namespace && namespace !== rootNamespace
  return [...(isElsewhere ? [`namespace ${namespace}` as const] : []), `service ${service}`]
}

interface PolicyInput {
  readonly places: TelemetryPlaces
  readonly usableOf: (object: TelemetryObject) => UsableSections
  readonly providers: TelemetryProviders
  readonly mesh: TranslateOptions['mesh']
}

/** Every policy of a model, each made once. */
class Policies {
  readonly #input: PolicyInput
  readonly #made = new Map<string, TelemetryPolicy | undefined>()
  readonly #named = new Map<string, TelemetryProvider>()

  constructor(input: PolicyInput) {
    this.#input = input
  }

  /** Key of what these places come to; `undefined`: nobody says anything. */
  at(places: readonly Place[]): string | undefined {
    const sections = (name: SectionName): readonly Entry<TelemetryObject>[] =>
      places.flatMap((place) => this.#input.places.at(place)?.[name] ?? [])
    const entries = {
      tracing: sections('tracing'),
      accessLogging: sections('accessLogging'),
      metrics: sections('metrics'),
    }
    const from = places.flatMap((place) => {
      const { tracing, accessLogging, metrics } = this.#input.places.at(place) ?? {}
      return [...new Set([tracing, accessLogging, metrics])].flatMap((entry) =>
        entry === undefined ? [] : [keyOf(entry)],
      )
    })
    const key = from.length === 0 ? MESH : from.join(',')
    if (!this.#made.has(key)) this.#made.set(key, this.#merge(key, entries))
    return this.#made.get(key) === undefined ? undefined : key
  }

  /** All of them, with the providers that they name. */
  telemetry(podPolicy: string | undefined): ModelTelemetry | undefined {
    const policies = [...this.#made.values()].flatMap((policy) => policy ?? [])
    if (policies.length === 0) return undefined
    return {
      providers: [...this.#named.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      policies: policies.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      ...(podPolicy === undefined ? {} : { podPolicy }),
    }
  }

  #merge(
    key: string,
    from: Readonly<Record<SectionName, readonly Entry<TelemetryObject>[]>>,
  ): TelemetryPolicy | undefined {
    const { usableOf, mesh } = this.#input
    const metrics = mergeMetrics(from.metrics.flatMap(({ object }) => usableOf(object).metrics))
    const accessLogs = mergeLogs(
      from.accessLogging.map(({ object }) => usableOf(object).accessLogging).filter((level) => level.length > 0),
      this.#defaultLogs(),
    )
    const [provider] = this.#defaults('tracing')
    const tracing = mergeTracing(
      from.tracing.flatMap(({ object }) => usableOf(object).tracing),
      {
        tracing: mesh?.telemetry.tracing ?? {},
        provider,
        maxTagLengthOf: (name) => {
          const found = this.#input.providers.find('tracing', name)
          return 'kind' in found && found.kind === 'opentelemetry' ? found.maxTagLength : undefined
        },
      },
    )
    for (const log of accessLogs?.logs ?? []) if (log.provider !== undefined) this.#name('accessLogging', log.provider)
    if (tracing?.provider !== undefined) this.#name('tracing', tracing.provider)
    if (metrics === undefined && accessLogs === undefined && tracing === undefined) return undefined
    return {
      key,
      ...(metrics === undefined ? {} : { metrics }),
      ...(accessLogs === undefined ? {} : { accessLogs }),
      ...(tracing === undefined ? {} : { tracing }),
    }
  }

  /** Names of the mesh's default providers that can be told. */
  #defaults(name: SectionName): readonly string[] {
    const { mesh, providers } = this.#input
    return (mesh?.telemetry.defaults[name] ?? []).flatMap((one) => {
      const provider = providers.find(name, one)
      return 'fault' in provider ? [] : [provider.name]
    })
  }

  #defaultLogs(): readonly string[] {
    const named = this.#defaults('accessLogging')
    if (named.length > 0) return named
    return [this.#input.mesh?.telemetry.log === undefined ? FLAGS : MESH_LOG]
  }

  #name(section: SectionName, name: string): void {
    const { mesh, providers } = this.#input
    const provider = name === MESH_LOG ? mesh?.telemetry.log : providers.find(section, name)
    if (provider !== undefined && !('fault' in provider)) this.#named.set(name, provider)
  }
}

/** What the policy is called that the MeshConfig alone comes to. */
const MESH = 'mesh'
