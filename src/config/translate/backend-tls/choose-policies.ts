import type { BackendTlsPolicyObject } from '../../objects/backend-tls-policy.ts'
import { comparePrecedence, type Target } from '../policy/find-targets.ts'

/** The ports of a Service that a BackendTLSPolicy targets. */
export type TlsTarget = Target<BackendTlsPolicyObject>

/** Which policy each Service port has, by `NAMESPACE/NAME:PORT`: all of it, nothing of any other. */
export const choosePolicies = (targets: readonly TlsTarget[]): ReadonlyMap<string, TlsTarget> => {
  const chosen = new Map<string, TlsTarget>()
  for (const target of targets) {
    for (const key of target.keys) {
      const other = chosen.get(key)
      if (other === undefined || comparePrecedence(target, other) < 0) chosen.set(key, target)
    }
  }
  return chosen
}
