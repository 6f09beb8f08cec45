/** Names of the codings in HTTP, from the IANA registry. */
export type Coding = 'zstd' | 'br' | 'gzip'

/**
 * Which coding a client would like best, of those in `offered` (in order of preference): RFC 9110 section 12.5.3. Without
 * the header, or where it prefers the body as it is, `undefined`. A weight that is none is read as 0.
 */
export const chooseCoding = (acceptEncoding: string | undefined, offered: readonly Coding[]): Coding | undefined => {
  if (acceptEncoding === undefined) return undefined
  const weights = readWeights(acceptEncoding)
  const any = weights.get('*')
  // What is not named is acceptable as it is, but less than whatever is named.
  let bestWeight = weights.get('identity') ?? 0
  let best: Coding | undefined
  for (const coding of offered) {
    const weight = weights.get(coding) ?? any ?? 0
    if (weight === 0 || weight < bestWeight || (best !== undefined && weight === bestWeight)) continue
    best = coding
    bestWeight = weight
  }
  return best
}

const readWeights = (list: string): ReadonlyMap<string, number> => {
  const weights = new Map<string, number>()
  for (const item of list.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim())
    // RFC 9110 section 8.4.1.3.
    const coding = name === 'x-gzip' ? 'gzip' : name
    if (coding !== '' && !weights.has(coding)) weights.set(coding, weightOf(parameters))
  }
  return weights
}

const weightOf = (parameters: readonly string[]): number => {
  if (parameters.length === 0) return 1
  const value = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameters[0] ?? '')?.[1]
  return value === undefined ? 0 : Number(value)
}
