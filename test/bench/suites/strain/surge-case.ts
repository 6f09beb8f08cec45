import { SERVICE_AUTHORITY } from '../../proxies/objects.ts'
import type { RunningProxy } from '../../proxies/proxy.ts'
import { PATH_PREFIX } from '../../proxies/traffic.ts'
import type { Outcome, PartyPlan, StepResult } from '../../surge/plan.ts'
import { createSurge } from '../../surge/surge.ts'
import type { Surge } from '../../surge/surge.ts'
import { BODY_BYTES, calmNodeFlags, formatRequest } from './subject.ts'
import type { StrainContext } from './subject.ts'

/** Requests in flight, of all clients together, among which the one is sought that gets most done. */
const IN_FLIGHT = [64, 128, 256]
const SETTLE_MS = 2000

/** How many connections a party has, and tunnels on each. */
export type PartyShape = Pick<PartyPlan, 'connections' | 'tunnels'>

/** Opens one identity for each shape, runs `use`, and closes them. */
export const withSurge = async <T>(
  context: StrainContext,
  { host, port }: RunningProxy,
  shapes: readonly PartyShape[],
  use: (surge: Surge) => Promise<T>,
): Promise<T> => {
  const surge = await createSurge(context.children, calmNodeFlags)
  try {
    await surge.open({
      host,
      port,
      authority: SERVICE_AUTHORITY,
      request: formatRequest(`${PATH_PREFIX}/v1/items?page=3`),
      bodyBytes: BODY_BYTES,
      parties: shapes.map((shape, i) => ({ ...shape, tls: context.certificates.issue(`client-${i}`) })),
    })
    return await use(surge)
  } finally {
    await surge.stop()
  }
}

/** What the proxy does at most, by closed loops of several sizes over all parties. */
export interface SurgeCapacity {
  readonly perSecond: number
  readonly inFlight: number
  readonly refused: number
  readonly busy: number
}

/** Measures it with the clients of `surge`, of which there are so many, with each of these numbers in flight. */
export const measureSurgeCapacity = async (
  surge: Surge,
  parties: number,
  { durationMs, sizes = IN_FLIGHT }: { readonly durationMs: number; readonly sizes?: readonly number[] },
): Promise<SurgeCapacity> => {
  const loads = (inFlight: number) =>
    Array.from({ length: parties }, (_, i) => ({
      kind: 'in-flight' as const,
      requests: Math.floor((inFlight * (i + 1)) / parties) - Math.floor((inFlight * i) / parties),
    }))
  const groups = Array.from({ length: parties }, () => 0)
  // The proxy's code is compiled meanwhile.
  await surge.run([{ durationMs: SETTLE_MS, loads: loads(128) }], groups)
  let best: SurgeCapacity | undefined
  for (const inFlight of sizes) {
    const results = await surge.run([{ durationMs, loads: loads(inFlight) }], groups)
    const { groups: [outcome] = [], seconds = 1, busy = 0 } = results[0] ?? {}
    if (outcome === undefined) continue
    const perSecond = outcome.accepted / seconds
    if (best === undefined || perSecond > best.perSecond) best = { perSecond, inFlight, refused: outcome.refused, busy }
  }
  if (best === undefined || best.perSecond === 0) throw new Error('no request was answered')
  return best
}

/** How long after its beginning a step is calm for a second: nothing refused or lost, and every p99 within the limit. */
export const calmAfterMs = (
  { windows }: Pick<StepResult, 'windows'>,
  windowMs: number,
  limitMs: number,
): number | null => {
  const needed = Math.ceil(1000 / windowMs)
  const isCalm = ({ accepted, refused, unsent, failed, acceptedMs }: Outcome): boolean =>
    accepted > 0 && refused + unsent + failed === 0 && acceptedMs.p99 <= limitMs
  for (let from = 0; from + needed <= windows.length; from++) {
    if (windows.slice(from, from + needed).every(isCalm)) return from * windowMs
  }
  return null
}
