import { X509Certificate } from 'node:crypto'
import { splitPem } from '../pem.ts'

/**
 * The certificates of several PEM texts as one, each once, in the order in which they come first; the same bytes for the
 * same certificates, whatever stood between them.
 */
export const uniteRoots = (...texts: readonly string[]): string => {
  const blocks = texts.flatMap((text) => splitPem('CERTIFICATE', text) ?? [])
  const bodies = blocks.map((block) => block.replaceAll(/-----[^-]*-----|\s/g, ''))
  return [...new Set(bodies)]
    .map((body) => `-----BEGIN CERTIFICATE-----\n${body.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`)
    .join('')
}

/** What a CA's answer comes to: what we show, and whom it names to be trusted. PEM texts. */
export interface SplitAnswer {
  readonly certificateChainPem: string
  readonly rootsPem: string
}

/**
 * Takes a CA's answer apart: the leaf, intermediates, and at last the roots, of which the last element may hold several, or
 * be one of several elements. istiod puts the whole of its chain file into the second element, and behind the leaf in the
 * first when a signer is named. What has signed itself is a root wherever it stands: peers have it or do not trust it, and
 * shown it would only cost them bytes. What cannot be read stays in the chain, for whoever reads that to complain of.
 * `undefined` when there are fewer than two elements.
 */
export const splitAnswer = (elements: readonly string[]): SplitAnswer | undefined => {
  const last = elements.at(-1)
  if (last === undefined || elements.length < 2) return undefined
  const shown: string[] = []
  const roots: string[] = []
  for (const element of elements.slice(0, -1)) {
    const blocks = splitPem('CERTIFICATE', element)
    if (blocks === undefined || blocks.length === 0) shown.push(element)
    // The first of all is the leaf, whoever signed it.
    else for (const block of blocks) (shown.length > 0 && isRoot(block) ? roots : shown).push(block)
  }
  return { certificateChainPem: join(shown), rootsPem: join([...roots, last]) }
}

const join = (pems: readonly string[]): string => pems.map((pem) => `${pem.trim()}\n`).join('')

const isRoot = (pem: string): boolean => {
  try {
    const certificate = new X509Certificate(pem)
    return certificate.ca && certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey)
  } catch {
    return false
  }
}
