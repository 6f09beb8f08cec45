/** One field that somebody else has written otherwise, as the API server tells it. */
export interface ConflictCause {
  readonly field: string
  /** `conflict with "kubectl-edit" using apps/v1` */
  readonly message: string
}

/** Ours as well: holds what is left for somebody else to change. */
export const HANDOVER_MANAGER = 'fairway-controller-handover'

/** Whether a conflict may be settled by taking the fields. */
export type ConflictVerdict = { readonly kind: 'drift' } | { readonly kind: 'contested'; readonly message: string }

/**
 * Who edits an object of ours changes it once: that is drift, and is put back. Whoever applies it (Argo CD, Flux, another
 * controller) does so again and again, and two who both insist would take turns for ever. The API server names the API
 * version (`using apps/v1`) of the former only.
 */
export const judgeConflict = (causes: readonly ConflictCause[]): ConflictVerdict => {
  const contested = causes.filter(
    ({ message }) => / with ".*"$/.test(message.trim()) && !message.includes(`"${HANDOVER_MANAGER}"`),
  )
  if (contested.length === 0) return { kind: 'drift' }
  const managers = [...new Set(contested.map(({ message }) => /"(.*)"/.exec(message)?.[1] ?? '?'))]
  const fields = contested.map(({ field }) => field.replace(/^\./, '')).slice(0, 5)
  const more = contested.length - fields.length
  return {
    kind: 'contested',
    message: `${managers.join(', ')} applies ${fields.join(', ')}${more > 0 ? ` and ${more} more fields` : ''} as well: take the object out of what it manages`,
  }
}
