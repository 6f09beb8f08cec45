/** What all kinds of routes have in common: everything around their rules. */
import type { Decoded, Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { hideFound } from '../../../lib/secrets/hide-found.ts'
import type { KindInput } from '../kind.ts'
import type { Metadata } from '../metadata.ts'
import { decodeParentRefs, type ParentRef } from '../parent-ref.ts'
import { asDefects, type Defect } from './defect.ts'
import { hostname } from './hostname.ts'

/** A rule of any kind of route. With defects it must not be served: whatever it is for is to be refused. */
export interface AnyRule {
  readonly name?: string
  readonly defects: readonly Defect[]
  /** What of it counts for nothing, and is no fault. */
  readonly notes?: readonly Issue[]
  /** `spec.rules[0]` */
  readonly path: string
}

/** The parts of a route that do not depend on its kind. */
export interface RouteParts<R extends AnyRule> {
  readonly metadata: Metadata
  readonly parentRefs: readonly ParentRef[]
  /** Never empty. */
  readonly rules: readonly R[]
  /** What of the route has no effect, and is no fault: absent when all of it has. */
  readonly notes?: readonly Issue[]
}

/** What depends on it. */
export interface RuleReader<R extends AnyRule> {
  readonly decodeRule: (value: unknown, path: string) => R
  /** What its rules demand of each other, beside names of their own. */
  readonly checkRules?: (rules: readonly R[]) => readonly R[]
  /** Stands in for the rules of a route that has none. */
  readonly emptyRule: R
  /** Whether the kind has no field `hostnames`. */
  readonly isNameless?: boolean
  /** Whether that field means nothing at a Service. */
  readonly ignoresHosts?: boolean
}

const known = ['parentRefs', 'rules', 'useDefaultGateways']

/** Those of requests narrow nothing for a Service (GEP-1294), but what the API server would refuse is refused as well. */
const hostnames = s.array(hostname)

/** Reads a route; the issues of its rules are repeated in `warnings`, so that each of them is reported. */
export const decodeRoute = <R extends AnyRule>(
  input: KindInput,
  { decodeRule, checkRules = (rules) => rules, emptyRule, isNameless = false, ignoresHosts = false }: RuleReader<R>,
): Decoded<RouteParts<R>> => {
  const spec = input.body['spec'] ?? {}
  input.warnings.push(...s.unknownFields(input.body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
  if (!s.isPlainObject(spec)) return { ok: false, issues: [wrongType('spec', spec, 'an object')] }
  const issues: Issue[] = [...s.unknownFields(spec, isNameless ? known : [...known, 'hostnames'], 'spec')]
  const parentRefs = decodeParentRefs(spec['parentRefs'], input.metadata.namespace, issues)
  const written = spec['rules'] ?? []
  const isNamed = !isNameless && (spec['hostnames'] ?? undefined) !== undefined
  const names = isNamed ? hostnames.decode(spec['hostnames'], 'spec.hostnames') : undefined
  if (names !== undefined && !names.ok) issues.push(...names.issues)
  if (!Array.isArray(written)) {
    issues.push(wrongType('spec.rules', written, 'an array'))
  }
  const rules = Array.isArray(written)
    ? written.map((rule: unknown, index) => hideDefects(decodeRule(rule, `spec.rules[${index}]`), input.body))
    : []
  const general = asDefects(issues.map((issue) => hideFound(issue, input.body)))
  // What is no list has been told of; that no rule is in it need not be.
  const empty = Array.isArray(written) ? emptyRule : { ...emptyRule, defects: [] }
  const complete = withoutDuplicateNames(checkRules(rules.length === 0 ? [empty] : rules))
  const notes = [
    ...(isNamed && ignoresHosts ? unusedHostnames(parentRefs) : []),
    ...complete.flatMap((rule) => rule.notes ?? []),
  ].map((note) => hideFound(note, input.body))
  input.warnings.push(...issues, ...complete.flatMap((rule) => rule.defects), ...notes)
  const parts = { metadata: input.metadata, parentRefs, rules: closeAll(complete, general) }
  return { ok: true, value: notes.length === 0 ? parts : { ...parts, notes } }
}

/**
 * Who calls a Service has chosen it by its address already; a Gateway, if one is a parent too, goes by host names. Source:
 * GEP-1294, which wants users told of header matches.
 */
const unusedHostnames = (parents: readonly ParentRef[]): readonly Issue[] => {
  if (parents.length === 0 || parents.some(({ kind }) => kind !== 'Service' && kind !== 'ServiceEntry')) return []
  const path = 'spec.hostnames'
  const message = 'have no effect at a Service: the route takes requests whatever host they name'
  return [{ message, path, expected: 'a match on the header Host' }]
}

/** Defects get into conditions, where they are printed. */
const hideDefects = <R extends AnyRule>(rule: R, body: unknown): R =>
  rule.defects.length === 0 ? rule : { ...rule, defects: rule.defects.map((defect) => hideFound(defect, body)) }

const wrongType = (path: string, value: unknown, expected: string): Issue => ({
  message: 'wrong value',
  path,
  found: s.formatFound(value),
  expected,
})

/** What is wrong above the rules might have narrowed or redirected any of them. */
const closeAll = <R extends AnyRule>(rules: readonly R[], general: readonly Defect[]): readonly R[] =>
  general.length === 0 ? rules : rules.map((rule) => ({ ...rule, defects: [...general, ...rule.defects] }))

/** Policies and telemetry point at rules by name (HTTPRouteRule.name), so a name must mean one rule. */
const withoutDuplicateNames = <R extends AnyRule>(rules: readonly R[]): readonly R[] => {
  const seen = new Set<string>()
  return rules.map((rule) => {
    if (rule.name === undefined || !seen.has(rule.name)) {
      if (rule.name !== undefined) seen.add(rule.name)
      return rule
    }
    const defect: Defect = {
      reason: 'UnsupportedValue',
      message: 'another rule of the route has this name',
      path: `${rule.path}.name`,
      found: rule.name,
      expected: 'a name of its own',
    }
    return { ...rule, defects: [...rule.defects, defect] }
  })
}
