import type { ExchangeRecord } from '../../filter/record.ts'
import { compileCondition } from '../../lib/expression/compile-expression.ts'
import { attributeScope } from '../log/attribute-scope.ts'
import type { Told } from '../log/told.ts'
import { createFlowWriter, type FlowHost } from './flow-record.ts'

/** Flow records as flags ask for them. */
export interface FlaggedFlows {
  /** A file, or `otlp`: the collector of the flags. */
  readonly path: string
  /** A condition that is known to be one; absent: every exchange has a record. */
  readonly filter?: string | undefined
}

/** Where they go: lines, with what they tell of. */
export interface FlowOutput {
  readonly push: (line: string, told: Told) => void
}

/** What it takes to write them. */
export interface FlowLogOptions {
  readonly flagged: FlaggedFlows
  readonly output: FlowOutput
  readonly host: FlowHost
  readonly random: () => number
}

/** Writes a flow record for each exchange that is over, and that the filter lets through, as a line of JSON. */
export const createFlowLog = ({
  flagged,
  output,
  host,
  random,
}: FlowLogOptions): ((record: ExchangeRecord, exchange?: Told['exchange']) => void) => {
  const compiled = flagged.filter === undefined ? undefined : compileCondition(flagged.filter, attributeScope(random))
  const write = createFlowWriter(host)
  const isTold = compiled?.ok === true ? compiled.value : undefined
  return (record, exchange) => {
    const told = { record, exchange }
    if (isTold?.(told) === false) return
    output.push(`${write(told)}\n`, told)
  }
}
