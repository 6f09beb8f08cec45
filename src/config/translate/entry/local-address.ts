import { isInCidr, parseCidr, parseIp } from '../../../lib/addresses/cidr.ts'

/**
 * What an address means that means another machine on every machine, or none: ours is one of those, and its admin API
 * listens there. An API server keeps such addresses out of EndpointSlices, but nobody keeps them out of ServiceEntries.
 */
export const meaningOfLocal = (address: string): string | undefined => {
  const ip = parseIp(address)
  if (ip === undefined) return undefined
  for (const [meaning, ranges] of kinds) if (ranges.some((range) => isInCidr(ip, range))) return meaning
  return undefined
}

const rangesOf = (...texts: readonly string[]) => texts.flatMap((text) => parseCidr(text) ?? [])

const kinds = [
  ['no address in particular', rangesOf('0.0.0.0/8', '::/128')],
  ['a loopback address', rangesOf('127.0.0.0/8', '::1/128')],
  ['a link-local address', rangesOf('169.254.0.0/16', 'fe80::/10')],
  ['an address of many', rangesOf('224.0.0.0/4', '255.255.255.255/32', 'ff00::/8')],
] as const
