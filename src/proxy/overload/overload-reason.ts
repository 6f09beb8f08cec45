/**
 * Why a request or a tunnel was refused, or a connection closed, though nothing was wrong with it: `eventLoop`, it waited
 * too long for its turn; `source`, its client takes more than its share while others are there; the other four, a limit.
 */
export type OverloadReason = 'eventLoop' | 'source' | 'requests' | 'tunnels' | 'bytes' | 'heap'

/** As records have it. */
export const overloadDetails: Readonly<Record<OverloadReason, string>> = {
  eventLoop: 'overload{event_loop}',
  source: 'overload{source}',
  requests: 'overload{requests}',
  tunnels: 'overload{tunnels}',
  bytes: 'overload{bytes}',
  heap: 'overload{heap}',
}
