/** In what ways a filter can fail; see docs/concepts/filter-failures.md. */
export const failureKinds = ['throw', 'reject', 'overrun', 'wait', 'invalid', 'memory', 'loop'] as const

export type FailureKind = (typeof failureKinds)[number]

/** A failure whose kind is known where it comes from: of a filter in a thread of its own, say. */
export class FilterFault extends Error {
  readonly kind: FailureKind
  /** `stamp-version.ts:12` */
  readonly location: string | undefined

  constructor(kind: FailureKind, message: string, location?: string) {
    super(message)
    this.name = 'FilterFault'
    this.kind = kind
    this.location = location
  }
}

/**
 * What a guarded filter whose failure mode is `closed` throws: its exchange is answered with 500. Counted and told of
 * already, by the guard.
 */
export class FilterFailure extends Error {
  /** For the record: `filter_failed{shop/stamp,throw}`, `filter_quarantined{shop/stamp}`. */
  readonly details: string
  /** Of the answer. */
  readonly status: 500 | 504

  constructor(details: string, status: 500 | 504 = 500) {
    super(details)
    this.name = 'FilterFailure'
    // It lives as long as a filter, and the frames that V8 keeps for a stack would keep the snapshot that was being compiled.
    this.stack = `FilterFailure: ${details}`
    this.details = details
    this.status = status
  }
}

/** What a filter made cannot go on, or has not come in time: no bug of ours, whosever filter it was. */
export class FilterMistake extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FilterMistake'
    // Where we found it helps nobody.
    this.stack = message
  }
}
