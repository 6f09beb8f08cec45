import { schema } from 'fairway/filter'

/** Media types as a configuration lists them. */
export const mediaTypes = schema.array(
  schema.string({
    minLength: 3,
    maxLength: 128,
    pattern: /[a-z0-9!#$&^_.+-]+\/(?:\*|\*\+[a-z0-9.-]+|[a-z0-9!#$&^_.+-]+)/,
    describe: 'a media type in small letters: application/json, text/*, application/*+json',
  }),
  { minItems: 1, maxItems: 64 },
)

/** `text/html` of `Text/HTML; charset=utf-8`. */
export const mediaTypeOf = (contentType: string | undefined): string =>
  contentType === undefined ? '' : (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()

/** Makes what says whether a media type is one of `patterns`: exactly, any below `text/*`, or with the suffix of `application/*+json`. */
export const createTypeMatcher = (patterns: readonly string[]): ((mediaType: string) => boolean) => {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')))
  const wild = patterns
    .filter((pattern) => pattern.includes('*'))
    .map((pattern) => pattern.split('*'))
    .map(([prefix = '', suffix = '']) => ({ prefix, suffix }))
  return (mediaType) =>
    exact.has(mediaType) ||
    wild.some(({ prefix, suffix }) => mediaType.startsWith(prefix) && mediaType.endsWith(suffix))
}
