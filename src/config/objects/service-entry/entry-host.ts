import type { ObjectRef } from '../../../model/model.ts'
import type { EndpointSliceObject } from '../endpoint-slice.ts'
import type { PodObject } from '../pod.ts'

/** What a host of a ServiceEntry has in place of what a Service finds among the objects. */
export interface EntryHost {
  /** The ServiceEntry, for people. */
  readonly ref: ObjectRef
  readonly host: string
  readonly slices: readonly EndpointSliceObject[]
  /** What runs at endpoints of which the entry says more than an address, by `NAMESPACE/NAME` as slices name it. */
  readonly workloads: ReadonlyMap<string, PodObject>
  /** Its endpoints are Pods only where it names them. */
  readonly isExternal: boolean
  /** As written; empty: everywhere. */
  readonly exportTo: readonly string[]
  /** Why nothing may be sent there. */
  readonly closed?: string
}
