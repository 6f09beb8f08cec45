import { createHash } from 'node:crypto'

const MAX_LABEL = 63
const HASH_LENGTH = 8

/** What a name is as the value of a label: the name itself where that can be. */
export const labelValueOf = (name: string): string => (name.length <= MAX_LABEL ? name : objectNameOf(name))

/**
 * What the objects of a Gateway are called: as it is where that is the name of a Service (RFC 1035 label), else by one made
 * of it that stays apart from all others.
 */
export const objectNameOf = (name: string): string => {
  if (/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_LENGTH)
  const usable = name
    .replaceAll(/[^-a-z0-9]/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, MAX_LABEL - HASH_LENGTH - 1)
  return `${usable === '' ? 'gateway' : usable.replace(/-+$/, '')}-${hash}`
}
