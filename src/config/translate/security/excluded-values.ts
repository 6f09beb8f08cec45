import { isInCidr, parseCidr } from '../../../lib/addresses/cidr.ts'
import type { AuthorizationAction, FieldCondition, PolicyField } from '../../../model/security/authorization.ts'
import { isPathTemplate } from '../../../model/security/path-template.ts'
import { expandValue } from './expand-trust-domains.ts'

/**
 * What of a condition's own `notValues` takes away all that one of its `values` fits; `undefined` where something may be left.
 * Of header fields that stand in a request several times each line counts to refuse, and to permit all lines together: there
 * something is left to a rule that refuses.
 */
export const findExclusion = (
  { field, notValues }: FieldCondition,
  value: string,
  { action, trustDomains }: { readonly action: AuthorizationAction; readonly trustDomains: readonly string[] },
): string | undefined => {
  if (field.kind === 'request.headers' && action !== 'ALLOW') return undefined
  const expand = (written: string): readonly string[] => expandValue(field.kind, written, trustDomains)
  const all = expand(value)
  return notValues.find((written) => {
    const some = expand(written)
    return all.every((each) => some.some((excluding) => covers(field, excluding, each)))
  })
}

/** Whether whatever fits `value` fits `by` as well. */
const covers = ({ kind }: PolicyField, by: string, value: string): boolean => {
  switch (kind) {
    case 'source.ip':
    case 'remote.ip':
    case 'destination.ip':
      return isWithin(by, value)
    case 'destination.port':
      return Number(by) === Number(value)
    case 'source.namespace':
    case 'source.serviceAccount':
    case 'request.auth.principal':
      return by === value || by === '*'
    case 'request.path':
      return isPathTemplate(by) || isPathTemplate(value) ? by === value || by === '*' : coversText(by, value)
    case 'request.host':
    case 'connection.sni':
      return coversText(by.toLowerCase(), value.toLowerCase())
    case 'source.principal':
    case 'source.trustDomain':
    case 'request.method':
    case 'request.headers':
    case 'request.experimental.inline.headers':
    case 'request.auth.audiences':
    case 'request.auth.presenter':
    case 'request.auth.claims':
      return coversText(by, value)
  }
}

const isWithin = (by: string, value: string): boolean => {
  const [outer, inner] = [parseCidr(by), parseCidr(value)]
  return outer !== undefined && inner !== undefined && outer.bits <= inner.bits && isInCidr(inner.first, outer)
}

/** `*` for any text, `abc*` for a beginning, `*abc` for an end. */
const coversText = (by: string, value: string): boolean => {
  if (by === '*' || by === value) return true
  const [isEnd, isBeginning] = [value.startsWith('*'), !value.startsWith('*') && value.endsWith('*')]
  if (by.startsWith('*')) return !isBeginning && value.slice(isEnd ? 1 : 0).endsWith(by.slice(1))
  return by.endsWith('*') && !isEnd && value.slice(0, isBeginning ? -1 : undefined).startsWith(by.slice(0, -1))
}
