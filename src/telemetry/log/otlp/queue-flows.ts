import type { FlowOutput } from '../../flow/flow-log.ts'
import { verdictOf } from '../../flow/flow-record.ts'
import type { OtlpTarget } from '../../otlp/otlp-target.ts'
import { entryOf, type CollectorLogs } from './collector-logs.ts'

/** Stands for the collector of the flags; no provider can have the name. */
const OF_FLAGS = ''

/** Flow records as records of a log: the whole of one is the body, and what one searches by stands in attributes. */
export const queueFlows = (collectors: CollectorLogs, target: OtlpTarget): FlowOutput => {
  const queue = collectors.openQueue(OF_FLAGS, target, { log_name: 'fairway_flows' })
  return {
    push: (line, told) => {
      const { source, destination, endpoint } = told.record
      const peers = {
        'source.workload': source.workload,
        'source.namespace': source.namespace,
        'source.principal': source.principal,
        'destination.service.name': destination.name,
        'destination.service.namespace': destination.namespace,
        'destination.workload': endpoint?.workload.name,
      }
      const known = Object.entries(peers).filter(
        (peer): peer is [string, string & (typeof peer)[1]] => peer[1] !== undefined,
      )
      const attributes = { 'event.name': 'flow', verdict: verdictOf(told.record), ...Object.fromEntries(known) }
      queue.push(entryOf(told, line.trimEnd(), attributes))
    },
  }
}
