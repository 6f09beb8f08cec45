/**
 * RequestAuthentication (security.istio.io/v1), unknown to typed. Whatever of it cannot be understood is a defect, and a
 * policy that has any closes what it is about: to let through what it might have refused would be worse.
 */
import type { Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { hideFound } from '../../../lib/secrets/hide-found.ts'
import type { JwtRule } from '../../../model/security/authentication.ts'
import type { KindDecoder } from '../kind.ts'
import type { Metadata } from '../metadata.ts'
import { decodePolicyTarget, emptyFields, type PolicyTarget } from '../policy-target.ts'
import { decodeJwtRule, type ReadRule } from './jwt-rule.ts'

export interface RequestAuthenticationObject {
  readonly kind: 'RequestAuthentication'
  readonly metadata: Metadata
  readonly target: PolicyTarget
  /** Those that could be read. */
  readonly rules: readonly JwtRule[]
  /** Why the policy cannot be carried out. */
  readonly defects: readonly Issue[]
  /** What of it can have no effect, for people. */
  readonly notes: readonly string[]
}

/** As Istio has it. */
const MAX_RULES = 4096

/** Reads a RequestAuthentication; its defects are repeated in `warnings`, so that each of them is reported. */
export const decodeRequestAuthentication: KindDecoder<RequestAuthenticationObject> = (input) => {
  const { body, metadata, warnings, defects: unread = [] } = input
  warnings.push(...s.unknownFields(body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
  const found: Issue[] = [...unread]
  const written = body['spec'] ?? {}
  const target = decodePolicyTarget(written, ['jwtRules'], found)
  const spec = s.isPlainObject(written) ? written : {}
  const read = decodeRules(spec['jwtRules'] ?? [], found)
  const defects = found.map((defect) => hideFound(defect, body))
  warnings.push(...defects, ...(defects.length === 0 ? emptyFields(spec, 'spec') : []))
  const rules = read.map(({ rule }) => rule)
  const notes = read.flatMap((one) => one.notes)
  return { ok: true, value: { kind: 'RequestAuthentication', metadata, target, rules, defects, notes } }
}

const decodeRules = (value: unknown, defects: Issue[]): readonly ReadRule[] => {
  const path = 'spec.jwtRules'
  if (!Array.isArray(value)) {
    defects.push({ message: 'wrong value', path, found: s.formatFound(value), expected: 'an array' })
    return []
  }
  if (value.length > MAX_RULES) {
    const found = `${value.length} items`
    defects.push({ message: 'wrong number of items', path, found, expected: `at most ${MAX_RULES} items` })
    return []
  }
  return value.flatMap((item: unknown, index) => {
    const decoded = decodeJwtRule(item, `${path}[${index}]`)
    if (decoded.ok) return [decoded.value]
    defects.push(...decoded.issues)
    return []
  })
}
