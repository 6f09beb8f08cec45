import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { decodeSpec, portNumber, type KindDecoder } from '../kind.ts'
import type { Metadata } from '../metadata.ts'
import { distributionOf, type AskedDistribution } from '../traffic-distribution.ts'

/** A ServiceEntry (networking.istio.io/v1): host names that are served like Services, inside the mesh or outside. */
export interface ServiceEntryObject {
  readonly kind: 'ServiceEntry'
  readonly metadata: Metadata
  /** In lower case, each once. */
  readonly hosts: readonly string[]
  /** `spec.addresses`, as written: IPs or ranges. */
  readonly addresses: readonly string[]
  /** `status.addresses`: what Istio has given to hosts that have none; without a host it is for all of them. */
  readonly assigned: readonly { readonly value: string; readonly host?: string }[]
  readonly ports: readonly EntryPort[]
  readonly isExternal: boolean
  readonly resolution: EntryResolution
  readonly endpoints: readonly EntryEndpoint[]
  /** Labels of the Pods and WorkloadEntries that are its endpoints (`spec.workloadSelector`). */
  readonly selector?: Readonly<Record<string, string>>
  /** `spec.exportTo`; empty: everywhere. */
  readonly exportTo: readonly string[]
  readonly distribution?: AskedDistribution
}

export type EntryPort = s.ValueOf<typeof entryPort>
export type EntryEndpoint = s.ValueOf<typeof entryEndpoint>
export type EntryResolution = (typeof resolutions)[number]

const resolutions = ['NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'] as const

const host = s.map(
  s.string({
    maxLength: 253,
    pattern: /(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?/,
    describe: 'a host name, with *. before it for all below it',
  }),
  (text) => text.toLowerCase().replace(/\.$/, ''),
)

const entryPort = s.object({
  number: portNumber,
  name: s.withDefault(s.string({ maxLength: 63 }), ''),
  protocol: s.withDefault(s.string(), ''),
  targetPort: s.optional(portNumber),
})

/** An endpoint in an entry, and the `spec` of a WorkloadEntry. */
export const entryEndpoint = s.object({
  address: s.withDefault(s.string(), ''),
  /** By the name of the entry's port. */
  ports: s.withDefault(s.record(portNumber), {}),
  labels: s.withDefault(s.record(s.string()), {}),
  network: s.optional(s.string()),
  /** `REGION/ZONE/SUBZONE` */
  locality: s.optional(s.string()),
  weight: s.optional(s.integer({ min: 0, max: 4_294_967_295 })),
  serviceAccount: s.optional(s.string()),
})

/** Each is a place of its own to us: a small object must not come to millions of them. */
const MAX_PLACES = 65_536

const spec = s.refine(
  s.object(
    {
      hosts: s.array(host, { minItems: 1, maxItems: 256 }),
      addresses: s.withDefault(s.array(s.string(), { maxItems: 256 }), []),
      ports: s.withDefault(s.array(entryPort, { maxItems: 256 }), []),
      location: s.withDefault(s.oneOf(['MESH_EXTERNAL', 'MESH_INTERNAL']), 'MESH_EXTERNAL'),
      resolution: s.withDefault(s.oneOf(resolutions), 'NONE'),
      endpoints: s.withDefault(s.array(entryEndpoint, { maxItems: 4096 }), []),
      workloadSelector: s.optional(s.object({ labels: s.withDefault(s.record(s.string()), {}) })),
      exportTo: s.withDefault(s.array(s.string()), []),
    },
    { unknownFields: 'ignore' },
  ),
  ({ hosts, ports, endpoints, workloadSelector }, path): readonly Issue[] => {
    if (endpoints.length > 0 && workloadSelector !== undefined) {
      const expected = 'endpoints, or a workloadSelector'
      return [{ message: 'wrong value', path: `${path}.workloadSelector`, found: 'both', expected }]
    }
    const places = hosts.length * ports.length * endpoints.length
    if (places <= MAX_PLACES) return []
    const found = `${places} ports of endpoints of hosts`
    return [{ message: 'too much', path: `${path}.endpoints`, found, expected: `at most ${MAX_PLACES} in one entry` }]
  },
)

const status = s.object(
  {
    addresses: s.withDefault(
      s.array(s.object({ value: s.string(), host: s.optional(s.string()) }, { unknownFields: 'ignore' })),
      [],
    ),
  },
  { unknownFields: 'ignore' },
)

const known = ['hosts', 'addresses', 'ports', 'location', 'resolution', 'endpoints', 'workloadSelector', 'exportTo']

/** Reads a ServiceEntry; fields of `spec` that Istio does not know are warnings, as is what of it makes no difference. */
export const decodeServiceEntry: KindDecoder<ServiceEntryObject> = (input) => {
  const decoded = decodeSpec(input, spec)
  if (!decoded.ok) return decoded
  const { body, warnings, metadata } = input
  const written = body['spec']
  if (s.isPlainObject(written)) {
    warnings.push(...s.unknownFields(written, [...known, 'subjectAltNames'], 'spec'))
    if (written['subjectAltNames'] !== undefined) warnings.push(noSubjectAltNames)
  }
  const { hosts, location, workloadSelector, ...rest } = decoded.value
  const read = status.decode(body['status'] ?? {}, 'status')
  const distribution = distributionOf(undefined, input)
  return {
    ok: true,
    value: {
      kind: 'ServiceEntry',
      metadata,
      ...rest,
      hosts: [...new Set(hosts)],
      assigned: read.ok ? read.value.addresses : [],
      isExternal: location === 'MESH_EXTERNAL',
      ...(workloadSelector === undefined ? {} : { selector: workloadSelector.labels }),
      ...(distribution === undefined ? {} : { distribution }),
    },
  }
}

const noSubjectAltNames = {
  message: 'has no effect: endpoints that take HBONE have to show the identity of their service account',
  path: 'spec.subjectAltNames',
}
