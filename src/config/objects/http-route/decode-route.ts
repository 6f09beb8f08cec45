/** What HTTPRoute and GRPCRoute have in common: everything around their rules. */
import type { Decoded, Issue } from '../../../lib/decoded.ts'
import * as s from '../../../lib/schema.ts'
import { hideFound } from '../../../lib/secrets/hide-found.ts'
import type { KindInput } from '../kind.ts'
import type { Metadata } from '../metadata.ts'
import { decodeParentRefs, type ParentRef } from '../parent-ref.ts'
import { asDefects, type Defect } from './defect.ts'
import type { HttpRouteRule } from './rule.ts'

/** The parts of a route that do not depend on its kind. */
export interface RouteParts {
  readonly metadata: Metadata
  readonly parentRefs: readonly ParentRef[]
  /** Never empty. */
  readonly rules: readonly HttpRouteRule[]
}

/** What depends on it. */
export interface RuleReader {
  readonly decodeRule: (value: unknown, path: string) => HttpRouteRule
  /** Stands in for the rules of a route that has none. */
  readonly emptyRule: HttpRouteRule
}

const known = ['parentRefs', 'hostnames', 'rules', 'useDefaultGateways']

/** They narrow nothing for a Service (GEP-1294), but what the API server would refuse is refused here as well. */
const hostnames = s.array(
  s.refine(
    s.string({
      maxLength: 253,
      pattern: /(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/,
      describe: 'a lower-case DNS name, which may begin with *.',
    }),
    (found, path) =>
      /^[0-9]+(\.[0-9]+){3}$/.test(found)
        ? [{ message: 'is an IP address', path, found, expected: 'a lower-case DNS name' }]
        : [],
  ),
)

/** Reads a route; the issues of its rules are repeated in `warnings`, so that each of them is reported. */
export const decodeRoute = (input: KindInput, { decodeRule, emptyRule }: RuleReader): Decoded<RouteParts> => {
  const spec = input.body['spec'] ?? {}
  input.warnings.push(...s.unknownFields(input.body, ['apiVersion', 'kind', 'metadata', 'spec', 'status'], ''))
  if (!s.isPlainObject(spec)) return { ok: false, issues: [wrongType('spec', spec, 'an object')] }
  const issues: Issue[] = [...s.unknownFields(spec, known, 'spec')]
  const parentRefs = decodeParentRefs(spec['parentRefs'], input.metadata.namespace, issues)
  const written = spec['rules'] ?? []
  const names =
    (spec['hostnames'] ?? undefined) === undefined ? undefined : hostnames.decode(spec['hostnames'], 'spec.hostnames')
  if (names !== undefined && !names.ok) issues.push(...names.issues)
  if (!Array.isArray(written)) {
    issues.push(wrongType('spec.rules', written, 'an array'))
  }
  const rules = Array.isArray(written)
    ? written.map((rule: unknown, index) => hideDefects(decodeRule(rule, `spec.rules[${index}]`), input.body))
    : []
  const general = asDefects(issues.map((issue) => hideFound(issue, input.body)))
  const complete = withoutDuplicateNames(rules.length === 0 ? [emptyRule] : rules)
  input.warnings.push(...issues, ...complete.flatMap((rule) => rule.defects))
  return { ok: true, value: { metadata: input.metadata, parentRefs, rules: closeAll(complete, general) } }
}

/** Defects get into conditions, where they are printed. */
const hideDefects = (rule: HttpRouteRule, body: unknown): HttpRouteRule =>
  rule.defects.length === 0 ? rule : { ...rule, defects: rule.defects.map((defect) => hideFound(defect, body)) }

const wrongType = (path: string, value: unknown, expected: string): Issue => ({
  message: 'wrong value',
  path,
  found: s.formatFound(value),
  expected,
})

/** What is wrong above the rules might have narrowed or redirected any of them. */
const closeAll = (rules: readonly HttpRouteRule[], general: readonly Defect[]): readonly HttpRouteRule[] =>
  general.length === 0 ? rules : rules.map((rule) => ({ ...rule, defects: [...general, ...rule.defects] }))

/** Policies and telemetry point at rules by name (HTTPRouteRule.name), so a name must mean one rule. */
const withoutDuplicateNames = (rules: readonly HttpRouteRule[]): readonly HttpRouteRule[] => {
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
