import {
  isRequestField,
  type AuthorizationAction,
  type AuthorizationRule,
  type FieldCondition,
} from '../../../model/security/authorization.ts'
import { findExclusion } from './excluded-values.ts'
import { hasInnerAsterisk, whyNever, type FitScope } from './never-fits.ts'

/** What a rule can be about. */
export interface RuleScope extends FitScope {
  /** What values are written out with: the trust domains of the mesh, assumed or not. */
  readonly written: readonly string[]
  /** Nothing but requests comes, unless a route says otherwise. */
  readonly isHttpOnly: boolean
  /** Nobody verifies tokens, so that requests have none. */
  readonly lacksTokens: boolean
}

/** What a rule cannot match: anything at all, or any request (connections it may). */
export type RuleLack = 'all' | 'requests'

/** What there is to say of a rule. */
export interface JudgedRule {
  readonly lack: RuleLack | undefined
  readonly notes: readonly string[]
}

/** Finds what of the rules of a policy can have no effect. */
export const createRuleJudge =
  (action: AuthorizationAction, scope: RuleScope): ((rule: AuthorizationRule) => JudgedRule) =>
  (rule) => {
    const judged = new Map(conditionsOf(rule).map((one) => [one, judgeCondition(one, action, scope)]))
    const notes = [...judged.values()].flatMap((one) => one.notes)
    const never = new Set([...judged].flatMap(([condition, { isNever }]) => (isNever ? [condition] : [])))
    return { lack: lackOf(rule, { never, action, scope }), notes }
  }

/** All conditions of a rule. */
export const conditionsOf = ({ from, to, when }: AuthorizationRule): readonly FieldCondition[] => [
  ...from.flat(),
  ...to.flat(),
  ...when,
]

/** Whether a condition is about a token. */
export const isAboutToken = ({ field }: FieldCondition): boolean => field.kind.startsWith('request.auth.')

const judgeCondition = (
  condition: FieldCondition,
  action: AuthorizationAction,
  scope: RuleScope,
): { readonly notes: readonly string[]; readonly isNever: boolean } => {
  const { field, values, notValues, path } = condition
  const tell = (value: string, why: string): string => `${path}: "${value}" never fits, ${why}`
  const lost = values.map((value) => {
    const why = whyNever(field, value, scope)
    if (why !== undefined) return tell(value, why)
    const excluding = findExclusion(condition, value, { action, trustDomains: scope.written })
    return excluding === undefined ? undefined : tell(value, `since what is excluded beside it ("${excluding}") has it`)
  })
  const isGlob = field.kind === 'source.namespace' || field.kind.endsWith('.ip')
  const mistaken = (value: string): readonly string[] => {
    if (isGlob || (field.kind === 'request.path' && value.includes('{*')) || !hasInnerAsterisk(value)) return []
    return [tell(value, 'since * stands for something at one end only')]
  }
  const notes = [
    ...values.flatMap((value, index) => lost[index] ?? mistaken(value)),
    ...notValues.flatMap((value) => {
      const why = whyNever(field, value, scope)
      return why === undefined ? mistaken(value) : [tell(value, why)]
    }),
  ]
  const isNameless = field.kind === 'connection.sni' && values.length > 0 && scope.isHttpOnly
  if (isNameless) notes.push(`${path}: requests have no server name, and all ports are declared to be HTTP`)
  const isEmpty = excludesEverybody(condition)
  if (isEmpty) notes.push(`${path}: "*" leaves nobody, since nobody gets in who has no identity`)
  return {
    notes,
    // Whom DENY means by it is kept out, and so it has what it is written for.
    isNever: (isEmpty && action !== 'DENY') || (values.length > 0 && lost.every((one) => one !== undefined)),
  }
}

/** Whether a condition is about those who have no identity, by excluding all others. */
const excludesEverybody = ({ field: { kind }, values, notValues }: FieldCondition): boolean =>
  (kind === 'source.principal' || kind === 'source.namespace' || kind === 'source.trustDomain') &&
  values.length === 0 &&
  notValues.includes('*')

interface Lacking {
  /** Conditions that never hold. */
  readonly never: ReadonlySet<FieldCondition>
  readonly action: AuthorizationAction
  readonly scope: RuleScope
}

const lackOf = (rule: AuthorizationRule, { never, action, scope }: Lacking): RuleLack | undefined => {
  const asksForName = ({ field, values }: FieldCondition): boolean =>
    field.kind === 'connection.sni' && values.length > 0
  const asksForRequest = conditionsOf(rule).some(({ field }) => isRequestField(field))
  // A connection is allowed by no rule that asks for something of a request, and a request has no server name.
  const asksForBoth = action === 'ALLOW' && asksForRequest && rule.when.some(asksForName)
  // Connections are judged without what only a request has.
  if (asksForBoth || needsOne(rule, (one) => never.has(one) && !isRequestField(one.field))) return 'all'
  const neverOfRequest = (one: FieldCondition): boolean =>
    never.has(one) ||
    (scope.lacksTokens && isAboutToken(one) && one.values.length > 0) ||
    (scope.isHttpOnly && asksForName(one))
  return needsOne(rule, neverOfRequest) ? 'requests' : undefined
}

/** Whether a rule cannot match without one of some conditions. */
const needsOne = ({ from, to, when }: AuthorizationRule, isSome: (condition: FieldCondition) => boolean): boolean => {
  const isInEach = (lists: AuthorizationRule['from']): boolean =>
    lists.length > 0 && lists.every((list) => list.some(isSome))
  return when.some(isSome) || isInEach(from) || isInEach(to)
}
