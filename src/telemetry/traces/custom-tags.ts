import type { TracingPolicy } from '../../model/telemetry/tracing-policy.ts'
import { requestHeader, withoutSecret } from '../log/facts.ts'
import { compileText } from '../log/format/compile-log-format.ts'
import type { LogHost } from '../log/format/operator-facts.ts'
import type { Told } from '../log/told.ts'
import type { Tags } from './spans/peer-tags.ts'

/** What a policy adds to spans. */
export interface SpanTagger {
  /** Istio's own tags are wanted. */
  readonly hasIstioTags: boolean
  /** Of the path, in characters. */
  readonly maxPathLength: number
  /** The custom tags of one exchange, if there are any; to be asked for while its messages are there. */
  readonly tagsOf: (told: Told) => Tags | undefined
}

/** Envoy's `max_path_tag_length`. */
const MAX_PATH_LENGTH = 256
/** Of a tag that a client writes. */
const MAX_TAG_LENGTH = 1024

/** As it is where no policy says anything. */
export const plainTagger: SpanTagger = { hasIstioTags: true, maxPathLength: MAX_PATH_LENGTH, tagsOf: () => undefined }

/** Compiles the tags of a policy. */
export const createTagger = (
  { customTags, hasIstioTags, maxPathTagLength = MAX_PATH_LENGTH }: TracingPolicy,
  host: LogHost,
): SpanTagger => {
  const fixed: Record<string, string> = {}
  const made: ((told: Told, tags: Record<string, string>) => void)[] = []
  for (const tag of customTags) {
    switch (tag.kind) {
      case 'literal':
        fixed[tag.name] = tag.value
        break
      case 'environment': {
        const value = host.environment[tag.variable] ?? tag.defaultValue
        if (value !== undefined) fixed[tag.name] = value
        break
      }
      case 'header':
        made.push((told, tags) => {
          const value = withoutSecret(tag.header, requestHeader(told, tag.header)) ?? tag.defaultValue
          if (value !== undefined) tags[tag.name] = value.slice(0, MAX_TAG_LENGTH)
        })
        break
      case 'format': {
        const write = compileText(tag.format, host)
        // Lines of a log end, values of tags do not.
        made.push((told, tags) => (tags[tag.name] = write(told).trimEnd().slice(0, MAX_TAG_LENGTH)))
      }
    }
  }
  const tagsOf = (told: Told): Tags => {
    const tags = { ...fixed }
    for (const put of made) put(told, tags)
    return tags
  }
  const only = Object.keys(fixed).length === 0 ? undefined : fixed
  return { hasIstioTags, maxPathLength: maxPathTagLength, tagsOf: made.length === 0 ? () => only : tagsOf }
}
