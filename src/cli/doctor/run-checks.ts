/** From what was read of a cluster to what is to be reported: every check once, in order. Pure. */
import type { Mesh } from './mesh/mesh.ts'
import { levels, sections, type Check, type Finding, type Level, type Outcome, type SectionName } from './check.ts'
import { checks as allChecks, codes, commonCodes } from './checks.ts'
import { thrownMessage } from '../../lib/errors/thrown-text.ts'
import { someOf } from './look/some-of.ts'

/** A finding with the level of its code. */
export interface LevelledFinding extends Finding {
  readonly level: Level
}

/** What became of a check. */
export interface CheckResult {
  readonly check: Pick<Check, 'name' | 'section' | 'title'>
  /** `passed`: looked, and found nothing that counts; `skipped`: had nothing to look at. */
  readonly state: 'passed' | 'skipped' | Level
  readonly findings: readonly LevelledFinding[]
  /** Beside a check that passed, or why one was skipped. */
  readonly detail: string | undefined
}

/** The whole. */
export interface Report {
  readonly results: readonly CheckResult[]
  /** Findings that were left out because somebody asked for it. */
  readonly suppressed: number
}

/** Which findings are left out: `CODE`, or `CODE=KIND/NAMESPACE/NAME` with `*` for anything. */
export interface Suppression {
  readonly code: string
  /** `undefined`: of whatever object. */
  readonly object: string | undefined
}

/** Runs all checks. */
export const runChecks = (
  mesh: Mesh,
  suppressions: readonly Suppression[] = [],
  checks: readonly Check[] = allChecks,
): Report => {
  let suppressed = 0
  const scope = scopeOf(mesh)
  const results = checks.map((check): CheckResult => {
    const outcome = runCheck(check, mesh)
    const inScope = outcome.findings.filter((finding) => isInScope(scope, check.section, finding))
    const kept = inScope.filter((finding) => !suppressions.some((one) => isSuppressed(finding, one)))
    suppressed += inScope.length - kept.length
    const findings = kept.map((finding) => ({ ...finding, level: codes.get(finding.code)?.level ?? 'error' }))
    const { skipped, detail } = outcome
    const worst = levels.find((level) => findings.some((one) => one.level === level))
    return {
      check,
      state: worst ?? (skipped === undefined ? 'passed' : 'skipped'),
      findings,
      detail: skipped ?? (worst === undefined || worst === 'info' ? detail : undefined),
    }
  })
  return { results, suppressed }
}

/** How many findings of each level there are. */
export const countLevels = ({ results }: Report): Readonly<Record<Level, number>> => {
  const counts = { error: 0, warning: 0, info: 0 }
  for (const { findings } of results) for (const { level } of findings) counts[level]++
  return counts
}

/** Results by their section, in order; sections without any are left out. */
export const bySection = ({ results }: Report): readonly (readonly [SectionName, readonly CheckResult[]])[] =>
  (Object.keys(sections) as SectionName[]).flatMap((section) => {
    const own = results.filter(({ check }) => check.section === section)
    return own.length === 0 ? [] : [[section, own] as const]
  })

const runCheck = (check: Check, mesh: Mesh): Outcome => {
  const needed = check.needs.map((kind) => [kind, mesh.readings.get(kind)] as const)
  const blind = needed.flatMap(([kind, reading]) =>
    reading?.state === 'refused' ? [reading.right ?? `read ${kind} (${reading.why})`] : [],
  )
  if (blind.length > 0) return { findings: [blindness('could not look', blind)] }
  const outcome = runGuarded(check, mesh)
  const read = needed.flatMap(([kind, reading]) => (reading?.state === 'read' ? [{ kind, reading }] : []))
  const unseen = read.flatMap(({ reading }) => reading.unseen ?? [])
  const cut = read.filter(({ reading }) => reading.isCut === true)
  const kinds = cut.map(({ kind, reading }) => `${reading.objects.length} of kind ${kind}`)
  const message = `looked at the first ${someOf(kinds)}; there are more`
  return {
    ...outcome,
    findings: [
      ...outcome.findings,
      ...(unseen.length === 0 ? [] : [blindness('looked at part of it', unseen)]),
      ...(cut.length === 0 ? [] : [{ code: 'FW0002', message, next: 'fairway doctor -n NAMESPACE' }]),
    ],
  }
}

/** A fault of ours in one check must not keep the others from being told. */
const runGuarded = (check: Check, mesh: Mesh): Outcome => {
  try {
    return check.run(mesh)
  } catch (error) {
    const message = `the check ${check.name} ended in a fault of this program: ${thrownMessage(error)}`
    return { findings: [{ code: 'FW0003', message, next: 'fairway --version' }] }
  }
}

const blindness = (what: string, rights: readonly string[]): Finding => {
  const all = [...new Set(rights)]
  const [first = ''] = all
  const next = `kubectl auth can-i ${first.replace(' in the namespace ', ' -n ').replace(/ in all namespaces$/, ' -A')}`
  return { code: 'FW0001', message: `${what}: you may not ${all.join('; ')}`, next }
}

/** Sections about what everybody shares. */
const shared: ReadonlySet<SectionName> = new Set(['cluster', 'fairway', 'istio'])

/** The namespaces that are asked about, and those of the waypoints that their Services have; `undefined`: all. */
const scopeOf = ({ scope, facts }: Mesh): ReadonlySet<string> | undefined => {
  if (scope === undefined) return undefined
  const used = [...facts.catalog.services.values()].flatMap(({ object }) => {
    const { namespace, name } = object.metadata
    return scope.includes(namespace) ? (facts.wantedBy(`${namespace}/${name}`)?.namespace ?? []) : []
  })
  return new Set([...scope, ...used])
}

const isInScope = (
  scope: ReadonlySet<string> | undefined,
  section: SectionName,
  { object, code }: Finding,
): boolean => {
  if (scope === undefined || shared.has(section) || object === undefined || Object.hasOwn(commonCodes, code))
    return true
  return scope.has(object.kind === 'Namespace' ? object.name : object.namespace)
}

const isSuppressed = ({ code, object }: Finding, one: Suppression): boolean => {
  if (one.code !== code) return false
  if (one.object === undefined) return true
  if (object === undefined) return false
  const path = [object.kind, object.namespace, object.name].filter((part) => part !== '')
  const wanted = one.object.split('/')
  return wanted.length === path.length && wanted.every((part, i) => part === '*' || part === path[i])
}
