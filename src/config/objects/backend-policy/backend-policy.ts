/**
 * BackendPolicy (fairway.dev/v1alpha1) and XBackendTrafficPolicy (gateway.networking.x-k8s.io/v1alpha1), unknown to
 * typed. They make traffic more reliable and guard nothing, so that what cannot be understood never closes anything:
 * each part of a policy is taken whole or not at all, and its `defects` say what is not.
 */
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { hideFound } from '../../../lib/secrets/hide-found.ts'
import type { BackendPolicy } from '../../../model/backend/backend-policy.ts'
import type { KindDecoder } from '../kind.ts'
import type { Metadata } from '../metadata.ts'
import {
  decodeTargetRefs,
  sectionRef,
  targetRefsSchema,
  wholeRef,
  type PolicyTargetRef,
  type TargetRefsOptions,
} from '../target-refs.ts'
import { limits, pool } from './capacity.ts'
import { loadBalancing } from './load-balancing.ts'
import { outlierDetection } from './outlier-detection.ts'
import { retryBudget } from './retry-budget.ts'
import { sessionPersistence, type WrittenPersistence } from './session-persistence.ts'

/** What a policy says of its targets, part by part. */
export type PolicyParts = Omit<BackendPolicy, 'source' | 'sessionPersistence'> & {
  readonly sessionPersistence?: WrittenPersistence
}

export interface BackendPolicyObject {
  readonly kind: 'BackendPolicy' | 'XBackendTrafficPolicy'
  readonly metadata: Metadata
  readonly targetRefs: readonly PolicyTargetRef[]
  /** Those that could be read. */
  readonly parts: PolicyParts
  /** What keeps parts of the policy, or all of it, from being carried out. */
  readonly defects: readonly Issue[]
}

export type PartName = keyof PolicyParts

/** All parts, in the order in which they are told of. */
export const policyParts: readonly PartName[] = [
  ...(['loadBalancing', 'outlierDetection', 'limits', 'retryBudget', 'pool', 'sessionPersistence'] as const),
]

/** What a kind calls a part. */
export const fieldOfPart = (kind: BackendPolicyObject['kind'], part: PartName): string =>
  kind === 'XBackendTrafficPolicy' && part === 'retryBudget' ? 'retryConstraint' : part

interface Part {
  readonly part: PartName
  readonly schema: s.Schema<unknown>
}

/** How the parts of a kind are read, by the names of their fields. */
interface PolicyShape {
  readonly kind: BackendPolicyObject['kind']
  readonly fields: Readonly<Record<string, Part>>
  readonly refs: TargetRefsOptions
}

const partOf = (name: PartName, schema: s.Schema<unknown>, description: string): Part => ({
  part: name,
  schema: s.documented(schema, description),
})

const ours: PolicyShape = {
  kind: 'BackendPolicy',
  fields: {
    loadBalancing: partOf('loadBalancing', loadBalancing, 'Who is next; left out: RoundRobin.'),
    outlierDetection: partOf('outlierDetection', outlierDetection, 'Which endpoints are put aside, and for how long.'),
    limits: partOf('limits', limits, 'How much there may be at once, for each port and each worker.'),
    retryBudget: partOf('retryBudget', retryBudget, 'How many requests may be sent again.'),
    pool: partOf('pool', pool, 'How connections are made and kept.'),
    sessionPersistence: partOf(
      'sessionPersistence',
      sessionPersistence,
      'Keeps requests of a session on one endpoint.',
    ),
  },
  refs: { ref: sectionRef, unreadable: 'none' },
}

const gatewayApis: PolicyShape = {
  kind: 'XBackendTrafficPolicy',
  fields: {
    retryConstraint: partOf('retryBudget', retryBudget, 'How many requests may be sent again.'),
    sessionPersistence: partOf(
      'sessionPersistence',
      sessionPersistence,
      'Keeps requests of a session on one endpoint.',
    ),
  },
  refs: { ref: wholeRef, unreadable: 'none' },
}

const decodePolicy =
  ({ kind, fields, refs }: PolicyShape): KindDecoder<BackendPolicyObject> =>
  ({ body, metadata, warnings }) => {
    warnings.push(...s.unknownFields(body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
    const written = body['spec'] ?? {}
    const found: Issue[] = []
    const spec = s.isPlainObject(written) ? written : {}
    if (spec !== written) {
      found.push({ message: 'wrong value', path: 'spec', found: s.formatFound(written), expected: 'an object' })
    }
    found.push(...s.unknownFields(spec, ['targetRefs', ...Object.keys(fields)], 'spec'))
    const targetRefs = decodeTargetRefs(spec['targetRefs'], found, refs)
    const parts = decodeParts(spec, fields, found)
    const defects = found.map((defect) => hideFound(defect, body))
    warnings.push(...defects)
    return { ok: true, value: { kind, metadata, targetRefs, parts, defects } }
  }

/** The parts that can be read; at least one has to be asked for. */
const decodeParts = (
  spec: Readonly<Record<string, unknown>>,
  fields: PolicyShape['fields'],
  defects: Issue[],
): PolicyParts => {
  const parts: Partial<Record<PartName, unknown>> = {}
  const asked = Object.entries(fields).filter(([name]) => (spec[name] ?? undefined) !== undefined)
  for (const [name, { part, schema }] of asked) {
    const decoded = schema.decode(spec[name], `spec.${name}`)
    if (decoded.ok) parts[part] = decoded.value
    else defects.push(...decoded.issues)
  }
  if (asked.length === 0) {
    const expected = `one of ${Object.keys(fields).join(', ')}`
    defects.push({ message: 'the policy asks for nothing', path: 'spec', found: 'no part of it', expected })
  }
  // Each has been made by the schema of that part.
  return parts as PolicyParts
}

/** `spec` of a BackendPolicy as an API server checks it. */
export const backendPolicyJson: s.JsonSchema = {
  type: 'object',
  description: 'Whom the policy is about, and at least one of its parts.',
  properties: {
    targetRefs: s.documented(
      targetRefsSchema(sectionRef),
      'Services and ServiceEntries of the namespace that the policy is about.',
    ).json,
    ...Object.fromEntries(Object.entries(ours.fields).map(([name, { schema }]) => [name, schema.json])),
  },
  required: ['targetRefs'],
  'x-kubernetes-validations': [
    {
      rule: Object.keys(ours.fields)
        .map((name) => `has(self.${name})`)
        .join(' || '),
      message: `the policy asks for nothing: it needs one of ${Object.keys(ours.fields).join(', ')}`,
    },
  ],
}

/** Reads a BackendPolicy; its defects are repeated in `warnings`, so that each of them is reported. */
export const decodeBackendPolicy = decodePolicy(ours)

/** Reads an XBackendTrafficPolicy, whose targets are whole Services. */
export const decodeBackendTrafficPolicy = decodePolicy(gatewayApis)
