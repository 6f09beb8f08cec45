import { isEqual } from '../lib/is-equal.ts'
import type { CredentialTexts } from './decode-credentials.ts'

/** Whether nothing would change if one took over from the other. */
export const isSameSet = (a: CredentialTexts, b: CredentialTexts): boolean =>
  a.certificateChainPem === b.certificateChainPem &&
  a.privateKeyPem === b.privateKeyPem &&
  a.trustRootsPem === b.trustRootsPem &&
  isEqual(a.federatedRootsPem, b.federatedRootsPem) &&
  a.crlPem === b.crlPem
