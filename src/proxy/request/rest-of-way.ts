import { composeChain, type Chain } from '../../filter/chain.ts'
import type { FilterSpec } from '../../model/filter-spec.ts'
import type { BackendPlan, RulePlan } from '../../snapshot/snapshot.ts'
import type { EnteredChains } from './entered-chains.ts'

/** What a request still has before it behind one of the filters that it has come to. */
export interface RestOfWay {
  /** The filters behind, in the same part of the chain. */
  readonly chain: Chain
  /** There when the filter is the rule's, or the backend's. */
  readonly rule: RulePlan | undefined
  /** There when it is the backend's. */
  readonly backend: BackendPlan | undefined
}

/** A request as far as it has come. */
interface OnItsWay extends Pick<RestOfWay, 'rule' | 'backend'> {
  readonly chains: Pick<EnteredChains, 'service' | 'rule' | 'backend'>
}

/** Finds the filter that was made from `spec` in the parts that were entered; `undefined`: it is in none. */
export const findRest = ({ chains, rule, backend }: OnItsWay, spec: FilterSpec): RestOfWay | undefined => {
  const ofBackend = behind(chains.backend, spec)
  if (ofBackend !== undefined) return { rule, backend, chain: ofBackend }
  const ofRule = behind(chains.rule, spec)
  if (ofRule !== undefined) return { rule, backend: undefined, chain: ofRule }
  const ofService = behind(chains.service, spec)
  return ofService && { rule: undefined, backend: undefined, chain: ofService }
}

const behind = ({ staged, serve }: Chain, spec: FilterSpec): Chain | undefined => {
  const place = staged.findIndex((filter) => filter.spec === spec)
  // Who answers in place of a backend is asked behind all hooks, wherever it stands.
  return place < 0 ? undefined : { ...composeChain(staged.slice(place + 1)), serve }
}
