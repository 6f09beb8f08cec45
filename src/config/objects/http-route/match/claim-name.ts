/** How Istio writes a claim where a header's name belongs (JWT claim based routing); `@` is in no name of a header. */
const PREFIX = '@request.auth.claims'

/**
 * The claim that such a name means, as the names that lead to it: `@request.auth.claims.groups`,
 * `@request.auth.claims.org.unit`, or with brackets where names have dots, `@request.auth.claims[org.id][unit]`.
 * `undefined` for anything else.
 */
export const parseClaimName = (name: string): readonly string[] | undefined => {
  if (name.slice(0, PREFIX.length).toLowerCase() !== PREFIX) return undefined
  const rest = name.slice(PREFIX.length)
  const names = rest.startsWith('.')
    ? rest.slice(1).split('.')
    : rest.startsWith('[') && rest.endsWith(']')
      ? rest.slice(1, -1).split('][')
      : []
  return names.length > 0 && names.every((part) => part !== '') ? names : undefined
}
