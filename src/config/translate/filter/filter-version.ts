import { isUserKind, type FilterObject } from '../../objects/filter/filter-object.ts'
import type { FilterModule, UserFilter } from '../../../model/filter-spec.ts'

/** What has been found out about a Filter by trying it. The same object for as long as nothing of it changed. */
export interface FilterVersion {
  /** The last version that passed; absent: none has. */
  readonly inForce?: {
    readonly module: FilterModule
    readonly config: unknown
    readonly user: UserFilter
  }
  /** Why what the object asks for is not in force; absent: it is. */
  readonly refused?: RefusedVersion
}

/** A version that is not put in force. */
export interface RefusedVersion {
  /** `stamp-version.ts:12: no header` */
  readonly message: string
  /** The field of the object that is at fault: `spec.config.header`. */
  readonly path: string
}

/** By `versionKey`. Another map as soon as any version is another. */
export type FilterVersions = ReadonlyMap<string, FilterVersion>

/** What a version is known by: `NAMESPACE/NAME` of a Filter; that of an App, which may have the same, behind `App/`. */
export const versionKey = ({ as, metadata }: Pick<FilterObject, 'as' | 'metadata'>): string =>
  `${as === 'App' ? 'App/' : ''}${metadata.namespace}/${metadata.name}`

/** What is known where nothing is tried. */
export const noFilterVersions: FilterVersions = new Map()

/** Built-in filters are there. */
const nothingToTry: FilterVersion = {}

/** Of what a Filter comes to when nobody has tried it. */
const untried: FilterVersion = {
  refused: {
    message: 'there is no folder of filters: name it with --filters DIR',
    path: 'spec.module',
  },
}

/** What trying a Filter came to. */
export const versionOf = (versions: FilterVersions, object: FilterObject): FilterVersion =>
  isUserKind(object.as) ? (versions.get(versionKey(object)) ?? untried) : nothingToTry
