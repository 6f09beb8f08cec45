import type { BodyTransform, Counter, Exchange, Filter, FilterDefinition, FilterEnv, RequestView } from 'fairway/filter'
import { weakenTag } from '../representation/changed-bytes.ts'
import { createTypeMatcher } from '../representation/media-range.ts'
import { chooseCoding, type Coding } from './choose-coding.ts'
import { compressionConfig, type CompressionConfig, type CompressorType } from './config.ts'
import { Encoder } from './encoder.ts'
import * as head from './response-head.ts'

/**
 * Compresses the bodies of responses for clients that accept it. First in the chain of requests, so last in that of
 * responses: other filters see bodies as they are.
 */
const compression: FilterDefinition<CompressionConfig> = {
  kind: 'Compression',
  stage: 'preflight',
  body: { response: 'stream' },
  config: compressionConfig,
  create: (config, env) => {
    const asked = new WeakMap<RequestView, Asked>()
    const chooser = createChooser(config)
    const rules = { ...config, isOfType: createTypeMatcher(config.contentTypes) }
    return {
      onRequest: ({ request }) => {
        const coding = chooser(request)
        if (coding !== undefined) asked.set(request, { coding, encoder: undefined })
        if (config.removeAcceptEncoding) request.headers.remove('accept-encoding')
      },
      onResponse: ({ request, response }) => {
        if (response?.status === 304) speakOfEncoded(response.headers, asked.get(request)?.coding)
      },
      ...createBodyHooks({ asked, rules, levels: levelsOf(config), env }),
    }
  },
}

/** What is known of an exchange whose client accepts a coding. */
interface Asked {
  readonly coding: Coding
  encoder: Encoder | undefined
}

const codings: Readonly<Record<CompressorType, Coding>> = { Zstd: 'zstd', Brotli: 'br', Gzip: 'gzip' }

const levelsOf = ({ compressors }: CompressionConfig): ReadonlyMap<Coding, number | undefined> =>
  new Map(compressors.map(({ type, level }) => [codings[type], level]))

/** Which coding the answer to a request may have. */
const createChooser = (config: CompressionConfig): ((request: RequestView) => Coding | undefined) => {
  const offered = config.compressors.map(({ type }) => codings[type])
  // Clients of one kind all say the same.
  let lastSaid: string | undefined
  let lastChosen: Coding | undefined
  return ({ headers }) => {
    const said = headers.get('accept-encoding')
    if (said !== lastSaid) {
      lastSaid = said
      lastChosen = chooseCoding(said, offered)
    }
    if (lastChosen === undefined || head.forbidsTransform(headers)) return undefined
    return config.compressCrossSite || !isCrossSite(headers) ? lastChosen : undefined
  }
}

/** Whether another site's page asks with what makes the answer a user's own: whoever wrote it may see how long that is. */
const isCrossSite = (headers: RequestView['headers']): boolean =>
  headers.get('sec-fetch-site') === 'cross-site' && (headers.has('cookie') || headers.has('authorization'))

/** A 304 has the fields of the 200 that it stands for, whose type it does not tell. */
const speakOfEncoded = (headers: RequestView['headers'], coding: Coding | undefined): void => {
  if (headers.has('content-encoding') || head.forbidsTransform(headers)) return
  head.varyByEncoding(headers)
  if (coding !== undefined) weakenTag(headers)
}

/** An answer to HEAD has the head of a body that would be compressed, and none. */
const noBody: BodyTransform = () => undefined

interface BodyParts {
  readonly asked: WeakMap<RequestView, Asked>
  readonly rules: Parameters<typeof head.isCompressible>[1] & Pick<CompressionConfig, 'maxConcurrent'>
  readonly levels: ReadonlyMap<Coding, number | undefined>
  readonly env: FilterEnv
}

const createBodyHooks = ({ asked, rules, levels, env }: BodyParts): Filter => {
  const labels = ['coding']
  const read = env.counter('compression_read_bytes_total', { help: 'Bytes of bodies before compression', labels })
  const written = env.counter('compression_written_bytes_total', { help: 'Bytes of bodies after compression', labels })
  let active = 0
  const release = (about: Asked): void => {
    if (about.encoder === undefined) return
    about.encoder.close()
    about.encoder = undefined
    active--
  }
  return {
    transformResponse: (exchange) => {
      const { request, response } = exchange
      if (response === undefined || !head.isCompressible(response, rules)) return undefined
      const about = asked.get(request)
      head.varyByEncoding(response.headers)
      if (about === undefined || active >= rules.maxConcurrent) return undefined
      head.markEncoded(response.headers, about.coding)
      if (request.method === 'HEAD') return noBody
      const isWhole = response.headers.has('content-length')
      active++
      about.encoder = new Encoder(about.coding, levels.get(about.coding))
      const encode = encodeWith(about.encoder, isWhole)
      return counted(encode, about.coding, { read, written, onEnd: () => release(about) })
    },
    // Also of those that broke off.
    onComplete: (_record, { request }: Exchange) => {
      const about = asked.get(request)
      if (about !== undefined) release(about)
    },
  }
}

type Encode = (bytes: Buffer, isLast: boolean) => Promise<Buffer>

/** A body without a length may be one whose reader waits for each part of it, as those of events. */
const encodeWith =
  (encoder: Encoder, isWhole: boolean): Encode =>
  (bytes, isLast) => {
    if (isLast) return encoder.end(bytes)
    return isWhole ? encoder.add(bytes) : encoder.flush(bytes)
  }

const counted =
  (
    encode: Encode,
    coding: Coding,
    to: { readonly read: Counter; readonly written: Counter; readonly onEnd: () => void },
  ): BodyTransform =>
  async (bytes, isLast) => {
    const out = await encode(bytes, isLast)
    to.read.inc({ coding }, bytes.length)
    to.written.inc({ coding }, out.length)
    if (isLast) to.onEnd()
    return out
  }

export default compression
