import type { H1RequestHead } from '../../http/h1/message.ts'
import type { ByteBudget } from '../limits/byte-budget.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import type { TurnBudget } from '../limits/turn-budget.ts'
import type { BeginDeps } from '../request/begin-exchange.ts'

export interface H2RequestDeps extends BeginDeps {
  readonly deadlines: Deadlines
  readonly budget: ByteBudget
  readonly turns: TurnBudget
}

/** A head whose turn has not come. */
export interface WaitingHead {
  readonly head: H1RequestHead
  readonly bytes: number
  readonly isEnd: boolean
}

/** Bytes of names and values, which is what a head counts for whatever became of it in the tables of HPACK. */
export const sizeOf = (fields: readonly string[]): number => {
  let bytes = 0
  for (const text of fields) bytes += text.length
  return bytes
}
