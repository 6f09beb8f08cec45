import { schema } from 'fairway/filter'
import { mediaTypes } from '../representation/media-range.ts'

/** The codings that bodies can be put in, as the configuration spells them; the best trade between effort and size first. */
export const compressorTypes = ['Zstd', 'Brotli', 'Gzip'] as const

export type CompressorType = (typeof compressorTypes)[number]

/** The highest level of each. zstd has more, which take windows that RFC 9659 forbids. */
const maxLevel: Readonly<Record<CompressorType, number>> = { Zstd: 19, Brotli: 11, Gzip: 9 }

const compressor = schema.refine(
  schema.object({
    type: schema.documented(schema.oneOf(compressorTypes), 'The coding: zstd, br or gzip.'),
    level: schema.documented(
      schema.optional(schema.integer({ min: 0, max: 19 })),
      'How hard to try: Zstd 1 to 19 (default 3), Brotli 0 to 11 (default 4), Gzip 1 to 9 (default 6).',
    ),
  }),
  ({ type, level }, path) =>
    level === undefined || (level <= maxLevel[type] && (level > 0 || type === 'Brotli'))
      ? []
      : [
          {
            message: `no level of ${type}`,
            path: `${path}.level`,
            found: String(level),
            expected: `${type === 'Brotli' ? 0 : 1} to ${maxLevel[type]}`,
          },
        ],
)

const compressors = schema.refine(schema.array(compressor, { minItems: 1, maxItems: 3 }), (list, path) => {
  const twice = list.find(({ type }, index) => list.findIndex((other) => other.type === type) !== index)
  return twice === undefined ? [] : [{ message: 'is given twice', path, found: twice.type, expected: 'each type once' }]
})

/** What a Compression is told. */
export const compressionConfig = schema.object({
  compressors: schema.documented(
    schema.withDefault(
      compressors,
      compressorTypes.map((type) => ({ type })),
    ),
    'Codings in the order in which they are preferred, where a client likes several equally. Left out: Zstd, Brotli, Gzip.',
  ),
  contentTypes: schema.documented(
    schema.withDefault(mediaTypes, [
      'text/*',
      'application/json',
      'application/*+json',
      'application/javascript',
      'application/xml',
      'application/*+xml',
      'application/wasm',
      'image/svg+xml',
    ]),
    'What is compressed: application/json, text/*, application/*+json.',
  ),
  minContentLength: schema.documented(
    schema.withDefault(schema.integer({ min: 1, max: 1_000_000_000 }), 1024),
    'Bodies that say that they are shorter stay as they are, in bytes.',
  ),
  removeAcceptEncoding: schema.documented(
    schema.withDefault(schema.boolean(), false),
    'The backend is not told what the client accepts, so that it leaves compressing to this filter.',
  ),
  compressCrossSite: schema.documented(
    schema.withDefault(schema.boolean(), false),
    'Also compress what pages of other sites ask for with the credentials of a user (BREACH).',
  ),
  maxConcurrent: schema.documented(
    schema.withDefault(schema.integer({ min: 1, max: 100_000 }), 128),
    'So many bodies are compressed at the same time by one process; more stay as they are.',
  ),
})

export type CompressionConfig = schema.ValueOf<typeof compressionConfig>
