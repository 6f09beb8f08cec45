/** A token whose signature, dates, issuer and audience have been verified, as far as policies, routes and filters want it. */
export interface VerifiedToken {
  /** `ISSUER/SUBJECT` */
  readonly principal: string
  readonly issuer: string
  readonly subject: string
  /** `aud`, one or several. */
  readonly audiences: readonly string[]
  /** `azp` */
  readonly presenter: string | undefined
  /** All of them; lists that stand in one text with spaces (`scope`, say) are lists here. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** The texts of a claim, which may lie in others: a text itself, or those in a list; nothing else can be compared. */
export const claimValues = ({ claims }: VerifiedToken, names: readonly string[]): readonly string[] => {
  const value = claimValue(claims, names)
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** The claim that `names` lead to, one inside the other; `undefined` when there is none. */
export const claimValue = (claims: Readonly<Record<string, unknown>>, names: readonly string[]): unknown => {
  let value: unknown = claims
  for (const name of names) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = Object.getOwnPropertyDescriptor(value, name)?.value
  }
  return value
}
