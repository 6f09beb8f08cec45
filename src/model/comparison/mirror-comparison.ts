/** What of a mirror's answers is compared with those of the primary (MirrorComparison). */
export interface MirrorComparison {
  /** `NAMESPACE/NAME` of the object. */
  readonly key: string
  /** Of the copies, in percent, those whose answers are compared. */
  readonly percent: number
  /** Names in lower case. */
  readonly headers: readonly string[]
  readonly comparesBody: boolean
  /** JSON pointers whose steps may be `*` (any one) or `**` (any number of them). */
  readonly ignore: readonly string[]
  /** Lists whose order means nothing. */
  readonly unordered: readonly UnorderedList[]
  /** By how much numbers that are no integers may differ, as a share of the larger one. */
  readonly tolerance: number
  /** How much of an answer's body is kept. */
  readonly limitBytes: number
  readonly noise: NoiseLearning
  /** Whether the values that differ are kept for people. */
  readonly showsValues: boolean
}

/** A list whose items are found again by what they have at `by`, else by being alike. */
export interface UnorderedList {
  /** As in `ignore`. */
  readonly path: string
  /** A JSON pointer from the item on. */
  readonly by?: string
}

/** How it is found out what differs between two answers of the primary to one request. */
export interface NoiseLearning {
  /** Of the requests compared, in percent, those that the primary gets twice. */
  readonly percent: number
  /** Of those that may be sent twice. */
  readonly methods: readonly string[]
  /** Pairs of answers that are wanted before differences count. */
  readonly samples: number
}
