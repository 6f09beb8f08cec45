import type { Exchange } from '../../filter/index.ts'
import type { ExchangeRecord } from '../../filter/record.ts'

/** What a line, or a record of a log, is made from: the record of an exchange that is over, and its messages. */
export interface Told {
  readonly record: ExchangeRecord
  /** Request and response heads as they were at last; absent: no filter has seen it, or it is no HTTP. */
  readonly exchange: Pick<Exchange, 'request' | 'response'> | undefined
}

/** Something that is told; `undefined` when it is not known, or has not been. */
export type Fact = (told: Told) => string | number | boolean | undefined
