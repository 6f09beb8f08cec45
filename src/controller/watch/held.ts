import type { ReadObject } from '../../config/objects/read-object.ts'
import type { SourcedObject } from '../../config/translate/options.ts'
import type { KubeJson } from '../../kube/client.ts'
import { isPlainObject } from '../../lib/schema.ts'
import { MANAGED_BY, MANAGER, textsAt, type LiveObject } from '../manifest.ts'
import { toldIn } from '../status/told.ts'
import { madeKinds } from './kinds.ts'

/** What is kept of an object. */
export interface Held {
  /** `KIND/NAMESPACE/NAME` */
  readonly key: string
  /** Decoded, as waypoints have it; `undefined` for kinds that are only made here. */
  readonly source: SourcedObject | undefined
  /** See `toldIn`. */
  readonly told: string
  /** All of it but who wrote which field; of what is made or changed here. */
  readonly raw: LiveObject | undefined
}

/** Kinds that are decided by as a whole. */
const keptWhole: ReadonlySet<string> = new Set(['Gateway', 'GatewayClass', 'XMesh'])

/** Makes what keeps objects of a kind; objects of ours are kept whole. */
export const createHolding =
  (kind: string, apiVersion: string, decode: ((value: unknown) => ReadObject) | undefined) =>
  (object: KubeJson): Held => {
    const { managedFields: _who, ...metadata } = object.metadata
    // Items of a list do not say what they are.
    const whole: LiveObject = { ...object, apiVersion, kind, metadata }
    const isOwn = madeKinds.has(kind) && textsAt(object, 'metadata', 'labels')[MANAGED_BY] === MANAGER
    const { status: _said, ...rest } = whole
    return {
      key: `${kind}/${metadata.namespace ?? ''}/${metadata.name}`,
      source: decode === undefined ? undefined : createSource(decode(kind === 'ServiceEntry' ? whole : rest)),
      told: isPlainObject(object['status']) ? toldIn(kind, object) : '',
      raw: isOwn || keptWhole.has(kind) ? whole : undefined,
    }
  }

/** In a cluster there is no file to point into. */
const createSource = (read: ReadObject): SourcedObject => ({ read, locate: nowhere })

const nowhere = (): undefined => undefined

/** Whether two states of an object say the same: statuses of others, and times, change often. */
export const isSameHeld = (before: Held, after: Held): boolean =>
  before.raw === undefined &&
  after.raw === undefined &&
  before.told === after.told &&
  JSON.stringify(before.source?.read) === JSON.stringify(after.source?.read)
