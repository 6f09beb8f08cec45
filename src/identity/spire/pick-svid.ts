import { parseSpiffeId } from '../../model/identity.ts'
import type { X509Svid } from './workload-api.ts'

/** Which of a process's identities is the waypoint's. */
export interface WantedSvid {
  /** Ours first, then aliases. */
  readonly trustDomains: readonly [string, ...string[]]
  /** The operator's word for it (`--spire-hint`); without one the first that fits is taken. */
  readonly hint: string | undefined
}

export type PickedSvid =
  | { readonly ok: true; readonly svid: X509Svid }
  /** Says which identities there are, and what was looked for. */
  | { readonly ok: false; readonly reason: string }

/**
 * Picks the SVID to be used. It fits when it is a workload's identity in our own trust domain: a peer in the mesh
 * would accept no other. Of several the first is taken (SPIFFE Workload API section 5.3); where a hint is asked for,
 * the first that has it, and no other.
 */
export const pickSvid = (svids: readonly X509Svid[], { trustDomains, hint }: WantedSvid): PickedSvid => {
  if (svids.length === 0) return { ok: false, reason: 'the agent sent no identity' }
  const [trustDomain] = trustDomains
  const candidates = hint === undefined ? svids : svids.filter((svid) => svid.hint === hint)
  const svid = candidates.find(({ spiffeId }) => parseSpiffeId(spiffeId)?.trustDomain === trustDomain)
  if (svid !== undefined) return { ok: true, svid }
  const withHint = hint === undefined ? '' : ` with the hint ${JSON.stringify(hint)}`
  const wanted = `spiffe://${trustDomain}/ns/NAMESPACE/sa/ACCOUNT`
  return {
    ok: false,
    reason: `none of the agent's identities (${describe(svids)}) is of the form ${wanted}${withHint}`,
  }
}

const SHOWN = 5

const describe = (svids: readonly X509Svid[]): string => {
  const names = svids.slice(0, SHOWN).map(({ spiffeId, hint }) => {
    const name = JSON.stringify(spiffeId.slice(0, 200))
    return hint === '' ? name : `${name} with the hint ${JSON.stringify(hint.slice(0, 100))}`
  })
  return svids.length > SHOWN ? `${names.join(', ')} and ${svids.length - SHOWN} more` : names.join(', ')
}
