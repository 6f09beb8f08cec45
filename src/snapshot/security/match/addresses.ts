import { isInCidr, maskIp, parseCidr, parseIp, type Cidr, type IpGroups } from '../../../lib/addresses/cidr.ts'
import type { TextMatcher } from './texts.ts'

/** Compiles addresses and ranges of them; a text that is no address is in none. */
export const compileAddresses = (blocks: readonly string[]): TextMatcher => {
  const cidrs = blocks.flatMap((block) => parseCidr(block) ?? [])
  const v4 = setsByLength(cidrs.filter(({ first }) => first.length === 2))
  const v6 = cidrs.filter(({ first }) => first.length === 8)
  return (text) => {
    const ip = text === undefined ? undefined : parseIp(text)
    if (ip === undefined) return false
    if (ip.length === 8) return v6.some((cidr) => isInCidr(ip, cidr))
    for (const [bits, numbers] of v4) if (numbers.has(numberOf(maskIp(ip, bits)))) return true
    return false
  }
}

/** There are at most 33 lengths, however many ranges. */
const setsByLength = (cidrs: readonly Cidr[]): ReadonlyMap<number, ReadonlySet<number>> => {
  const sets = new Map<number, Set<number>>()
  for (const { first, bits } of cidrs) {
    const numbers = sets.get(bits) ?? new Set()
    sets.set(bits, numbers.add(numberOf(first)))
  }
  return sets
}

const numberOf = ([high = 0, low = 0]: IpGroups): number => high * 65_536 + low
