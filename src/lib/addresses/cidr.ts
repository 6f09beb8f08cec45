import { isIPv4, isIPv6 } from 'node:net'

/** An address as groups of 16 bits: two of IPv4, eight of IPv6. */
export type IpGroups = readonly number[]

/** Addresses that begin with the same bits. */
export interface Cidr {
  /** The first address of the range. */
  readonly first: IpGroups
  /** How many bits are the same. */
  readonly bits: number
}

/** Reads an address; an IPv4 address in IPv6's clothes (`::ffff:10.0.0.1`) is IPv4. `undefined` for what is none. */
export const parseIp = (text: string): IpGroups | undefined => {
  if (isIPv4(text)) return groupsOfV4(text)
  if (!isIPv6(text) || text.includes('%')) return undefined
  const [head = '', tail] = text.split('::')
  const left = groupsOf(head)
  const right = tail === undefined ? [] : groupsOf(tail)
  const groups = [...left, ...zeros.slice(0, 8 - left.length - right.length), ...right]
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)
  return isMapped ? groups.slice(6) : groups
}

const zeros: IpGroups = [0, 0, 0, 0, 0, 0, 0, 0]

const groupsOf = (text: string): readonly number[] =>
  text === ''
    ? []
    : text.split(':').flatMap((group) => (group.includes('.') ? groupsOfV4(group) : [Number.parseInt(group, 16)]))

const groupsOfV4 = (text: string): IpGroups => {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
  return [a * 256 + b, c * 256 + d]
}

/** Reads `10.0.0.0/8`, `fd00::/8`, or a single address. Bits behind the prefix do not count. */
export const parseCidr = (text: string): Cidr | undefined => {
  const [address = '', prefix, ...rest] = text.split('/')
  const groups = parseIp(address)
  if (groups === undefined || rest.length > 0) return undefined
  const length = groups.length * 16
  if (prefix === undefined) return { first: groups, bits: length }
  if (!/^(?:0|[1-9][0-9]{0,2})$/.test(prefix)) return undefined
  // A prefix of a mapped address is counted in IPv6's bits.
  const bits = address.includes(':') && length === 32 ? Number(prefix) - 96 : Number(prefix)
  return bits < 0 || bits > length ? undefined : { first: maskIp(groups, bits), bits }
}

/** The address with only its first bits. */
export const maskIp = (groups: IpGroups, bits: number): IpGroups =>
  groups.map((group, index) => {
    const kept = Math.min(16, Math.max(0, bits - 16 * index))
    return group & (0xffff << (16 - kept)) & 0xffff
  })

/** Whether an address is in the range; one of another family never is. */
export const isInCidr = (ip: IpGroups, { first, bits }: Cidr): boolean => {
  if (ip.length !== first.length) return false
  let left = bits
  for (let i = 0; left > 0; i++) {
    const kept = left < 16 ? left : 16
    if ((((ip[i] ?? 0) ^ (first[i] ?? 0)) & (0xffff << (16 - kept)) & 0xffff) !== 0) return false
    left -= 16
  }
  return true
}
