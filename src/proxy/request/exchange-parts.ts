import type { AddDate } from '../../http/date.ts'
import type { BodyMemory } from '../../filter/body/body-pipe.ts'
import type { ExchangeRecord } from '../../filter/record.ts'
import type { RequestIds } from '../../http/tracing/request-ids.ts'
import type { Frontend } from '../../snapshot/snapshot.ts'
import type { OutgoingDeps } from '../forward/outgoing.ts'
import type { SnapshotLease } from '../leases.ts'
import type { Deadlines } from '../limits/deadlines.ts'
import type { Guards } from '../security/guards.ts'
import type { LateQuestions } from '../security/live/late-questions.ts'
import type { BegunTrace } from '../tracing/tracer.ts'
import type { ExchangeOwner } from './exchange-owner.ts'
import type { RecordDeps } from './record.ts'

/** What all exchanges of a process share. */
export interface ExchangeDeps extends RecordDeps, OutgoingDeps {
  readonly requestIds: RequestIds
  /** For responses. */
  readonly addDate: AddDate
  /** Who has a say before any filter. */
  readonly guards: Guards
  /** Has providers asked about what is under way. */
  readonly questions: LateQuestions
  /** For bodies that filters want the whole of. */
  readonly bodyMemory: BodyMemory
  readonly deadlines: Pick<Deadlines, 'upgradeMaxMs'>
}

/** What one exchange begins with, beside the head of its request. */
export interface ExchangeContext {
  readonly downstream: ExchangeOwner
  readonly lease: SnapshotLease
  /** `undefined`: the Service is not bound any more. */
  readonly frontend: Frontend | undefined
  readonly record: ExchangeRecord
  /** What it has of a trace; absent: nothing of ours. */
  readonly trace?: BegunTrace
}
