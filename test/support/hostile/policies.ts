import type { AuthorizationPolicy, FieldCondition, PolicyField } from '../../../src/model/security/authorization.ts'

/** A condition as the corpus writes it: a field of a header, `host`, `method` or `path`, and what it may be. */
export type Conditions = Readonly<Record<string, readonly string[]>>

/** A policy of one rule that asks for all of the conditions. */
export const policyOf = (action: 'ALLOW' | 'DENY', conditions: Conditions): AuthorizationPolicy => ({
  key: `shop/${action.toLowerCase()}`,
  action,
  isDryRun: false,
  rules: [{ from: [], to: [], when: Object.entries(conditions).map(conditionOf) }],
})

const conditionOf = ([name, values]: readonly [string, readonly string[]]): FieldCondition => ({
  field: fieldOf(name),
  values: name.startsWith('not ') ? [] : values,
  notValues: name.startsWith('not ') ? values : [],
  path: name,
})

const fieldOf = (written: string): PolicyField => {
  const name = written.replace(/^not /, '')
  switch (name) {
    case 'host':
    case 'method':
    case 'path':
      return { kind: `request.${name}` }
    case 'request.auth.principal':
      return { kind: name }
    default:
      return { kind: 'request.headers', name }
  }
}
