import type { TelemetryObject } from '../../objects/telemetry/telemetry-object.ts'
import type { TargetRef } from '../../objects/policy-target.ts'
import type { Entry } from '../catalog.ts'
import { comparePrecedence } from '../policy/find-targets.ts'
import { resolveTargets, type TargetScope } from '../security/resolve-targets.ts'
import { sectionNames, type SectionName } from './telemetry-providers.ts'
import type { Note } from './usable-sections.ts'

/**
 * Something that Telemetry objects are for. What is more special comes behind: the mesh, the class, the waypoint's
 * namespace, the waypoint, the namespace of a Service (`namespace NAME`), the Service (`service NAMESPACE/NAME`).
 */
export type Place = 'mesh' | 'class' | 'own-namespace' | 'gateway' | `namespace ${string}` | `service ${string}`

/** An object and what of this waypoint it is for. */
export interface PlacedTelemetry {
  readonly entry: Entry<TelemetryObject>
  /** Each once. */
  readonly places: readonly Place[]
  /** What leads nowhere. */
  readonly faults: readonly Note[]
}

/** Which object has the say in a section at a place. */
export interface TelemetryPlaces {
  readonly at: (place: Place) => Readonly<Partial<Record<SectionName, Entry<TelemetryObject>>>> | undefined
  /** Why an object has no say in some of what it is for, for people. */
  readonly conflictsOf: (entry: Entry<TelemetryObject>) => readonly string[]
  /** Whether an object has a say in anything. */
  readonly counts: (entry: Entry<TelemetryObject>) => boolean
}

/** Finds what objects are for. */
export const placeTelemetry = (entry: Entry<TelemetryObject>, scope: TargetScope): PlacedTelemetry => {
  const { target, metadata } = entry.object
  const nowhere = (message: string, path = 'spec'): PlacedTelemetry => ({
    entry,
    places: [],
    faults: [{ message, path }],
  })
  switch (target.kind) {
    case 'selector':
      return nowhere(
        'a selector chooses workloads with sidecars, and never a waypoint: use targetRefs',
        'spec.selector',
      )
    case 'unreadable':
      return nowhere('its target cannot be read')
    case 'none': {
      const place = placeOfNamespace(metadata.namespace, scope)
      if (place !== undefined) return { entry, places: [place], faults: [] }
      return nowhere(`no Service of this waypoint is in namespace ${metadata.namespace}`)
    }
    case 'refs': {
      const found = target.refs.map((ref) => placesOfRef(ref, metadata, scope))
      return {
        entry,
        places: [...new Set(found.flatMap(({ places }) => places))],
        faults: found.flatMap(({ faults }) => faults),
      }
    }
  }
}

const placeOfNamespace = (namespace: string, { rootNamespace, gateway, keys }: TargetScope): Place | undefined => {
  if (namespace === rootNamespace) return 'mesh'
  if (namespace === gateway?.entry.object.metadata.namespace) return 'own-namespace'
  return keys.some((key) => key.startsWith(`${namespace}/`)) ? `namespace ${namespace}` : undefined
}

const placesOfRef = (
  ref: TargetRef,
  metadata: TelemetryObject['metadata'],
  scope: TargetScope,
): Pick<PlacedTelemetry, 'places' | 'faults'> => {
  const { services, faults } = resolveTargets({ kind: 'refs', refs: [ref] }, metadata, scope)
  if (faults.length > 0) return { places: [], faults }
  if (ref.kind === 'Gateway') return { places: ['gateway'], faults }
  if (ref.kind === 'GatewayClass') return { places: ['class'], faults }
  return { places: services.map((key): Place => `service ${key}`), faults }
}

/** Decides who has the say: of several that say something of one kind at one place the oldest. */
export const decidePlaces = (placed: readonly PlacedTelemetry[]): TelemetryPlaces => {
  const held = new Map<Place, Partial<Record<SectionName, Entry<TelemetryObject>>>>()
  const conflicts = new Map<Entry<TelemetryObject>, Set<string>>()
  const holders = new Set<Entry<TelemetryObject>>()
  for (const { entry, places } of placed.toSorted((a, b) => comparePrecedence(ranked(a), ranked(b)))) {
    for (const place of places) {
      const holding = held.get(place) ?? {}
      held.set(place, holding)
      for (const name of sectionNames) {
        if (entry.object[name].length === 0) continue
        const holder = holding[name]
        if (holder === undefined) holders.add(entry)
        else
          tellConflict(
            conflicts,
            entry,
            `spec.${name}: Telemetry ${keyOf(holder)} is older and has ${describePlace(place)}`,
          )
        holding[name] ??= entry
      }
    }
  }
  return {
    at: (place) => held.get(place),
    conflictsOf: (entry) => [...(conflicts.get(entry) ?? [])],
    counts: (entry) => holders.has(entry),
  }
}

const ranked = ({ entry }: PlacedTelemetry) => ({ policy: entry.object, sectionName: undefined })

const tellConflict = (
  conflicts: Map<Entry<TelemetryObject>, Set<string>>,
  entry: Entry<TelemetryObject>,
  message: string,
): void => {
  conflicts.set(entry, (conflicts.get(entry) ?? new Set<string>()).add(message))
}

/** `NAMESPACE/NAME` */
export const keyOf = ({ object: { metadata } }: Entry<TelemetryObject>): string =>
  `${metadata.namespace}/${metadata.name}`

/** A place, for people. */
export const describePlace = (place: Place): string => {
  switch (place) {
    case 'mesh':
      return 'all waypoints of the mesh'
    case 'class':
      return 'all waypoints of the class'
    case 'own-namespace':
      return 'the namespace of the waypoint'
    case 'gateway':
      return 'the waypoint'
    default:
      return place.startsWith('service ') ? `Service ${place.slice('service '.length)}` : place
  }
}
