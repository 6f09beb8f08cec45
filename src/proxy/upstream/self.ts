import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { canonicalIp } from '../../lib/ip.ts'

/**
 * Guards against dialling ourselves, which would be a loop: says whether `address:port` is the listener at
 * `host:ownPort`. A wildcard host stands for all addresses that the machine has when it is asked first.
 */
export const createSelfCheck = (host: string, ownPort: () => number): ((address: string, port: number) => boolean) => {
  let own: ReadonlySet<string> | undefined
  return (address, port) => {
    if (port !== ownPort()) return false
    const isWildcard = host === '::' || host === '0.0.0.0'
    own ??= isWildcard ? machineAddresses() : new Set([canonicalIp(host) ?? host])
    // All of 127.0.0.0/8 leads back here, though the machine lists only one of them.
    return own.has(address) || (isWildcard && address.startsWith('127.'))
  }
}

const machineAddresses = (): ReadonlySet<string> => {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address))
  return new Set([
    ...addresses,
    ...addresses.filter((address) => isIPv4(address)).map((address) => `::ffff:${address}`),
  ])
}
