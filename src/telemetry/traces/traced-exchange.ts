import type { ExchangeRecord } from '../../filter/record.ts'
import type { SpanTagger } from './custom-tags.ts'
import type { Tags } from './spans/peer-tags.ts'

/** An exchange that is over and is to be told of. */
export interface TracedExchange {
  readonly record: ExchangeRecord
  /** The client's: `http`, or `https` of who came through a gateway that ends TLS. */
  readonly scheme: string
  readonly tagger: SpanTagger
  /** What its policy adds, if it does. */
  readonly custom: Tags | undefined
}
