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
