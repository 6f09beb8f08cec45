/** What a filter's instance does with what its siblings tell it. Neither may wait. */
export interface SiblingUser {
  /** Another instance has told this. */
  readonly hear: (text: string) => void
  /**
   * What one that has just come is told, by whoever has been there for longest: each text is one that `hear` gets there.
   * Asked for one after the other, as they are sent.
   */
  readonly greet?: () => Iterable<string>
}

/** The other instances of one configuration in the processes of a replica. */
export interface Siblings {
  /** How many processes the replica has, this one included. */
  readonly count: number
  /**
   * Tells all others, in order, and each of them once; one that comes later does not hear it. Resolves when it has left this
   * process: whoever has more to tell by then should put it together. Throws a `RangeError` for
   * more than 65,536 characters, or 100 texts that have not left.
   */
  readonly tell: (text: string) => Promise<void>
}

/** Ties an instance to its siblings, until it is closed. */
export type JoinSiblings = (user: SiblingUser) => Siblings

/** The most that is told at once. */
export const MAX_TOLD_CHARS = 65_536
