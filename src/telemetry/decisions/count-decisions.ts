import type { ExchangeRecord } from '../../filter/record.ts'
import type { AuthorizationDecision } from '../../model/security/authorization-decision.ts'
import type { ScalarDump } from '../dump.ts'
import { decisionMetric } from '../scalars.ts'

/** `none`: no rule decided. */
const actions = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM', 'none'] as const
const verdicts = ['allow', 'deny'] as const
const modes = ['enforce', 'dry-run'] as const

/** Counts what AuthorizationPolicies have decided, by what there are few of. */
export class DecisionCounts {
  readonly #counts = new Float64Array(actions.length * verdicts.length * modes.length)

  add({ authorization, authorizationNotes }: ExchangeRecord): void {
    if (authorization !== undefined) this.#add(authorization)
    for (const note of authorizationNotes ?? []) this.#add(note)
  }

  /** Those that there were. */
  dump(): readonly ScalarDump[] {
    const all = actions.flatMap((action) =>
      verdicts.flatMap((verdict) => modes.map((mode) => ({ action, verdict, mode }))),
    )
    return all.flatMap(({ action, verdict, mode }) => {
      const value = this.#counts[placeOf(action, verdict, mode)] ?? 0
      return value === 0 ? [] : [{ name: decisionMetric.name, label: [action.toLowerCase(), verdict, mode], value }]
    })
  }

  #add({ action, verdict, mode }: AuthorizationDecision): void {
    const place = placeOf(action ?? 'none', verdict, mode)
    this.#counts[place] = (this.#counts[place] ?? 0) + 1
  }
}

const placeOf = (
  action: (typeof actions)[number],
  verdict: AuthorizationDecision['verdict'],
  mode: AuthorizationDecision['mode'],
): number =>
  (actions.indexOf(action) * verdicts.length + verdicts.indexOf(verdict)) * modes.length + modes.indexOf(mode)
