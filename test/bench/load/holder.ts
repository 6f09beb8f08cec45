import type { Lane, LaneOwner } from './lane.ts'

/** Requests at a time while lanes are used once: few, so that what they needed upstream is as little as possible. */
const REQUESTS_AT_ONCE = 16

/** Lanes that are opened, used once if that is wanted, and then left alone. */
export interface Holder extends LaneOwner {
  /** Settles when all lanes are idle; rejects when one was lost before. */
  readonly held: Promise<void>
  /** Lanes that were lost since. */
  readonly lost: () => { readonly lost: number; readonly firstError: string | undefined }
}

/** Holds `count` lanes; with `hasRequest` each sends one request first. */
export const createHolder = (count: number, hasRequest: boolean): Holder => {
  const { promise: held, resolve, reject } = Promise.withResolvers<void>()
  const lanes: Lane[] = []
  let sent = 0
  let answered = 0
  let lost = 0
  let firstError: string | undefined
  const sendNext = (): void => {
    lanes[sent]?.send()
    sent++
  }
  const onLost = (why: string): void => {
    lost++
    firstError ??= why
    reject(new Error(why))
  }
  return {
    held,
    lost: () => ({ lost, firstError }),
    onOpen: (lane) => {
      lanes.push(lane)
      if (lanes.length < count) return
      if (!hasRequest) return resolve()
      for (let i = 0; i < REQUESTS_AT_ONCE; i++) sendNext()
    },
    onAnswer: (_lane, status) => {
      answered++
      if (status !== 200) onLost(`status ${status}`)
      else if (answered === count) resolve()
      else sendNext()
    },
    onBytes: () => {},
    onLost,
  }
}
