import type { Channel, ChannelHandler } from '../channel.ts'
import type { HeldBytes } from '../held-bytes.ts'
import type { LiveStream } from '../security/live/live-review.ts'

/** Whoever serves a tunnel: it has the tunnel's bytes until another takes over. */
export interface TunnelServer extends ChannelHandler {
  /** Called once, when the tunnel is its own and nothing of it has come yet. */
  readonly start?: () => void
  /** Called every second or so with the monotonic time: deadlines are looked at. */
  readonly tick: (nowMs: number) => void
  /** For draining: a tunnel on which nothing is under way ends now. */
  readonly closeIfIdle: () => void
  /** Tells the client why its tunnel ends, whatever is under way, where what it speaks has words for that. */
  readonly giveUp?: (why: string) => void
  /** Ends the tunnel visibly as an error. */
  readonly abort: () => void
  /** What is under way in it, that policies may have a say about. */
  readonly live?: () => readonly LiveStream[]
}

/** A tunnel that can be handed from one server to another. */
export type ServedChannel = Channel & { handler: ChannelHandler }

/** What came for a server before it was there, in order; none of it has been consumed. */
export interface Arrived {
  readonly held: HeldBytes
  readonly isEnded: boolean
}

/** Gives a tunnel to its next server, with what has come of it; the server may end it on the way. */
export const handOver = (channel: ServedChannel, server: TunnelServer, arrived?: Arrived): void => {
  channel.handler = server
  server.start?.()
  if (arrived === undefined) return
  const { held, isEnded } = arrived
  held.deliver((buffer, start, end) => channel.handler.onData(buffer, start, end))
  if (isEnded) channel.handler.onEnd()
}
