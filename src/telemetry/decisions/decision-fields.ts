import type { ExchangeRecord } from '../../filter/record.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'

/** What an access line tells of the decision: who asked, and what which rule of which policy said; `undefined` without one. */
export const decisionFields = (record: ExchangeRecord) => {
  const { authorization, authorizationNotes = [], source, requestPrincipal } = record
  if (authorization === undefined) return undefined
  return {
    ...fieldsOf(authorization),
    principal: source.principal ?? null,
    request_principal: requestPrincipal ?? null,
    ...(authorizationNotes.length === 0 ? {} : { noted: authorizationNotes.map(fieldsOf) }),
  } as const
}

export type DecisionFields = NonNullable<ReturnType<typeof decisionFields>>

const fieldsOf = ({ verdict, action, policy, rule, mode }: AuthorizationDecision) =>
  ({ verdict, action: action ?? null, policy: policy ?? null, rule: rule ?? null, mode }) as const

/** The same as one column of a text: `authz=deny:shop/admins[0]`, and what was only noted behind commas. */
export const formatDecision = ({ noted = [], ...decision }: DecisionFields): string =>
  `authz=${[decision, ...noted].map(formatOne).join(',')}`

const formatOne = ({ verdict, action, policy, rule, mode }: ReturnType<typeof fieldsOf>): string => {
  const by = policy === null ? 'none' : `${policy}[${rule}]`
  if (action === 'AUDIT') return `audit:${by}`
  return mode === 'dry-run' ? `dry-run:${verdict}:${by}` : `${verdict}:${by}`
}
