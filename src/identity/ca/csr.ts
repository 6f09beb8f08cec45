import { sign, type KeyObject } from 'node:crypto'
import type { SpiffeId } from '../../model/identity.ts'
import { formatPem } from '../pem.ts'
import { bitString, boolean, der, integer, objectIdentifier, octetString, sequence, set } from './der.ts'

/**
 * A certificate signing request (PKCS #10, RFC 2986) for one SPIFFE identity as PEM: no subject, the identity as URI in
 * a critical subjectAltName, signed with ECDSA and SHA-256; `keys` must be of an elliptic curve. istiod takes the
 * identity from the token and ignores the name; istio-csr refuses a request whose name is another.
 */
export const createSigningRequest = (
  identity: SpiffeId,
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): string => {
  const info = sequence(
    integer(Buffer.of(0)),
    sequence(),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    // The attributes are a set with an implicit tag.
    der(0xa0, sequence(objectIdentifier(EXTENSION_REQUEST), set(sequence(subjectAltName(identity))))),
  )
  const request = sequence(
    info,
    sequence(objectIdentifier(ECDSA_WITH_SHA256)),
    bitString(sign('sha256', info, keys.privateKey)),
  )
  return formatPem('CERTIFICATE REQUEST', request)
}

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const SUBJECT_ALT_NAME = '2.5.29.17'
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2'

const subjectAltName = (identity: SpiffeId): Buffer =>
  sequence(
    objectIdentifier(SUBJECT_ALT_NAME),
    boolean(true),
    octetString(sequence(der(0x86, Buffer.from(identity, 'latin1')))),
  )
