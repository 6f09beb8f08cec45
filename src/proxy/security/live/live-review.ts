import type { Clock } from '../../../lib/clock.ts'
import type { Snapshot } from '../../../snapshot/snapshot.ts'
import { Slices } from '../../hbone/slices.ts'

/** A request or connection that is under way. */
export interface LiveStream {
  /** Asks the policies of this snapshot, where they are not those that it was judged by, and ends what may not go on. */
  readonly review: (snapshot: Snapshot) => void
}

/** Asks about all that is under way again after each change of policies, a slice in each turn of the loop. */
export class LiveReview {
  readonly #slices: Slices<LiveStream>
  readonly #streams: () => Iterable<LiveStream>
  #snapshot: Snapshot | undefined

  /** `streams` gives all of them, one by one as their turn comes. */
  constructor(streams: () => Iterable<LiveStream>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#streams = streams
    this.#slices = new Slices((stream) => {
      if (this.#snapshot !== undefined) stream.review(this.#snapshot)
    }, clock)
  }

  /** A snapshot has come into force. Those that an earlier one has not come to are asked about by this one. */
  begin(snapshot: Snapshot): void {
    this.#slices.clear()
    if (snapshot.authorizations.indexes.size === 0 && !hasClosed(snapshot)) return
    this.#snapshot = snapshot
    this.#slices.add(this.#streams())
  }
}

/** Whether a policy that nobody understands has closed anything. */
const hasClosed = ({ services, pods }: Snapshot): boolean =>
  services.values().some(([frontend]) => frontend?.closed !== undefined) ||
  pods?.source.some(({ closed }) => closed !== undefined) === true
