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

/** A token with these claims, those of `lists` taken apart: texts with spaces between. What is no text is left out. */
export const readClaims = (
  claims: Readonly<Record<string, unknown>>,
  lists: readonly string[] = ['scope', 'permission'],
): VerifiedToken => {
  const textOf = (name: string): string => (typeof claims[name] === 'string' ? claims[name] : '')
  const { aud, azp } = claims
  return {
    principal: `${textOf('iss')}/${textOf('sub')}`,
    issuer: textOf('iss'),
    subject: textOf('sub'),
    audiences: typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud.filter((one) => typeof one === 'string') : [],
    presenter: typeof azp === 'string' ? azp : undefined,
    claims: splitLists(claims, lists),
  }
}

const splitLists = (
  claims: Readonly<Record<string, unknown>>,
  lists: readonly string[],
): Readonly<Record<string, unknown>> => {
  const split = lists.flatMap((name): readonly (readonly [string, unknown])[] => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined
    return typeof value === 'string' ? [[name, value.split(' ').filter((part) => part !== '')]] : []
  })
  return split.length === 0 ? claims : Object.fromEntries([...Object.entries(claims), ...split])
}
