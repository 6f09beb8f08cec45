import type { Decoded, Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { hideFound } from '../../../lib/secrets/hide-found.ts'
import type { KindInput } from '../kind.ts'
import { decodeTargetRefs, sectionRef, targetRefsSchema, type PolicyTargetRef } from '../target-refs.ts'

/** What an object says of which `spec` tells what is done, and on what. */
export interface Targeted<T> {
  /** As far as they can be read. None: it acts where rules refer to it. */
  readonly targetRefs: readonly PolicyTargetRef[]
  /** `undefined` when it could not be read, or anything else is wrong. */
  readonly content: T | undefined
  /** What keeps it from being carried out as it is written; repeated in `warnings`, so that each of them is reported. */
  readonly defects: readonly Issue[]
}

/** Reads `spec`: `targetRefs`, which may be left out where nothing needs them, and all else by `decode`. */
export const readTargeted = <T>(
  { body, warnings, defects: known = [] }: KindInput,
  decode: (value: unknown, path: string) => Decoded<T>,
  targets: 'optional' | 'needed' = 'optional',
): Targeted<T> => {
  warnings.push(...s.unknownFields(body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
  const spec = body['spec'] ?? {}
  const found: Issue[] = [...known]
  const { targetRefs: refs, ...rest } = s.isPlainObject(spec) ? spec : {}
  const hasRefs = targets === 'needed' || (refs ?? undefined) !== undefined
  const targetRefs = hasRefs ? decodeTargetRefs(refs, found, { ref: sectionRef, unreadable: 'whole' }) : []
  const decoded = decode(s.isPlainObject(spec) ? rest : spec, 'spec')
  if (!decoded.ok) found.push(...decoded.issues)
  const defects = found.map((defect) => hideFound(defect, body))
  warnings.push(...defects)
  return { targetRefs, content: decoded.ok && found.length === 0 ? decoded.value : undefined, defects }
}

/** What a filter may act on. */
const anyTargets = s.documented(
  s.optional(targetRefsSchema(sectionRef)),
  'What it acts on: the Gateway, Services (sectionName: a port), HTTPRoutes and GRPCRoutes (sectionName: a rule) of its namespace. Left out: on rules that refer to it by an ExtensionRef.',
).json

/** `spec` of such an object as an API server checks it; `json` describes all but `targetRefs`, and may have another description. */
export const withTargets = (json: s.JsonSchema, description: string, targets = anyTargets): s.JsonSchema => ({
  description,
  ...json,
  properties: { ...(s.isPlainObject(json['properties']) ? json['properties'] : {}), targetRefs: targets },
})
