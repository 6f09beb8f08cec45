import type { HeaderList } from '../../http/header-list.ts'

/** What a filter serves a request with that it answers in place of a backend. Nothing of it is of use once the answer is over. */
export interface Serving {
  /** Of the request's body in bytes; `undefined`: it has one, and nobody knows how long it will be. */
  readonly bodyBytes: number | undefined
  /**
   * Asks for the body, of which nothing comes before: `onBody` of what `serve` returned is called for it. From then on the
   * request cannot be left any more.
   */
  readonly readBody: () => void
  /** What `onBody` had not taken is taken: more may come. */
  readonly resume: () => void
  /** The head of the answer, once. `bodyBytes`: how long its body will be; `undefined`: nobody knows yet. */
  readonly respond: (status: number, headers: HeaderList, bodyBytes: number | undefined) => void
  /** More of the answer's body, in memory that stays as it is. False: to be held back until `onDrain`. */
  readonly write: (bytes: Buffer) => boolean
  readonly end: (trailers?: HeaderList) => void
  /** There will be no answer, or no whole one. */
  readonly fail: (error: unknown) => void
  /** Hands the request on to whom it would have gone; false: too late, since its body was read, or an answer begun. */
  readonly leave: () => boolean
}

/** A request that a filter serves, as the waypoint tells it what comes. */
export interface Served {
  /** More of the request's body; false: nothing more until `resume`. */
  readonly onBody: (bytes: Buffer) => boolean
  readonly onBodyEnd: (trailers: HeaderList | undefined) => void
  /** All that was written of the answer is on its way. */
  readonly onDrain: () => void
  /** It is over: nobody wants the answer any more, or all of it was given. */
  readonly onOver: (isWhole: boolean) => void
}
