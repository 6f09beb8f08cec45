import type { EntryEndpoint, ServiceEntryObject } from '../../objects/service-entry/service-entry.ts'
import type { WorkloadEntryObject } from '../../objects/service-entry/workload-entry.ts'

/** An endpoint, and what it is called. */
export interface WrittenEndpoint extends EntryEndpoint {
  /** For people. */
  readonly at: string
  /** As a workload; no Pod has a name like this. */
  readonly own: string
  readonly owner: { readonly kind: string; readonly name: string }
}

/** Those that stand in it. */
export const endpointsOf = ({ metadata: { name }, endpoints }: ServiceEntryObject): readonly WrittenEndpoint[] =>
  endpoints.map((endpoint, index) => ({
    ...endpoint,
    at: `spec.endpoints[${index}]`,
    own: `${name} endpoints[${index}]`,
    owner: { kind: 'ServiceEntry', name },
  }))

/** A WorkloadEntry, as if it stood in the entry that selects it. */
export const asWritten = ({ metadata: { name }, endpoint }: WorkloadEntryObject): WrittenEndpoint => {
  const called = `WorkloadEntry ${name}`
  return { ...endpoint, at: called, own: called, owner: { kind: 'WorkloadEntry', name } }
}

/** An endpoint of which nothing but its address is said. */
export const bareAt = ({ metadata: { name } }: ServiceEntryObject): Omit<WrittenEndpoint, 'address'> => ({
  ports: {},
  labels: {},
  at: 'spec.hosts',
  own: `${name} endpoints[0]`,
  owner: { kind: 'ServiceEntry', name },
})
