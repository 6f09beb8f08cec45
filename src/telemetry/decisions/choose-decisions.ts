import type { ExchangeRecord } from '../../filter/record.ts'

/**
 * Chooses whose decision is logged: all that were denied, all that an AUDIT policy or a dry run would have said something
 * about, and `allowedShare` (0 to 1) of the others.
 */
export const createDecisionChoice =
  (allowedShare: number, random: () => number) =>
  ({ authorization, authorizationNotes = [] }: ExchangeRecord): boolean => {
    if (authorization === undefined) return false
    if (authorization.verdict === 'deny') return true
    if (authorizationNotes.some(({ action, verdict }) => action === 'AUDIT' || verdict === 'deny')) return true
    return allowedShare > 0 && random() < allowedShare
  }
