import { isEqual } from '../lib/is-equal.ts'
import type { Credentials } from './credentials.ts'

/** Whether nothing would change if one took over from the other. */
export const isSameSet = (a: Credentials, b: Credentials): boolean =>
  a.certificateChainPem === b.certificateChainPem &&
  a.privateKeyPem === b.privateKeyPem &&
  a.trustRootsPem === b.trustRootsPem &&
  isEqual(a.federatedRootsPem, b.federatedRootsPem) &&
  a.crlPem === b.crlPem
