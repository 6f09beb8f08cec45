import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { decodeSvid } from '../../../src/identity/spire/decode-svid.ts'
import { decodeX509SvidResponse, type X509SvidResponse } from '../../../src/identity/spire/workload-api.ts'
import { splitPem } from '../../../src/identity/pem.ts'
import { encodeSvidResponse } from '../../support/mesh/spiffe-agent.ts'
import type { FuzzTarget } from '../engine/target.ts'
import { mutateBytes } from '../mutate/bytes.ts'

const wanted = { trustDomains: ['mesh.example', 'alias.example'], hint: undefined } as const
/** The certificates of the corpus are valid then. */
const nowMs = Date.UTC(2026, 6, 1)

const decode = (input: Buffer): X509SvidResponse | string => {
  try {
    return decodeX509SvidResponse(input)
  } catch (error) {
    assert.ok(error instanceof Error)
    return error.message.replaceAll(/\d+/g, 'n')
  }
}

/**
 * What is no message says so, and nothing else throws; a set that is accepted is of one workload of our trust domain,
 * with the key of its certificate; what was read and is written again is read the same.
 */
export const workloadApiTarget: FuzzTarget = {
  name: 'workload-api',
  format: 'hex',
  maxInputBytes: 8192,
  shortRounds: 400,
  seeds: () => [encodeSvidResponse({ svids: [{ spiffe_id: 'spiffe://mesh.example/ns/shop/sa/web' }] })],
  mutate: mutateBytes,
  check: (input) => {
    const response = decode(input)
    if (typeof response === 'string') return response
    assert.deepEqual(inHex(decodeX509SvidResponse(encodeAgain(response))), inHex(response))
    const decoded = decodeSvid(response, wanted, { before: undefined, nowMs })
    if (!decoded.ok) return decoded.issues.map(({ path, message }) => `${path} ${message.slice(0, 20)}`).join()
    const { credentials } = decoded.value
    assert.match(credentials.identity, /^spiffe:\/\/mesh\.example\/ns\/[^/]+\/sa\/[^/]+$/)
    const [leaf = ''] = splitPem('CERTIFICATE', credentials.certificateChainPem) ?? []
    assert.ok(new X509Certificate(leaf).checkPrivateKey(createPrivateKey(credentials.privateKeyPem)))
    assert.ok(Object.keys(credentials.federatedRootsPem ?? {}).every((domain) => domain === 'alias.example'))
    return `accepted ${credentials.crlPem === undefined ? '' : 'with lists'}`
  },
}

const encodeAgain = ({ svids, crls, federatedBundles }: X509SvidResponse): Buffer =>
  encodeSvidResponse({
    svids: svids.map(({ spiffeId, chain, key, bundle, hint }) => ({
      spiffe_id: spiffeId,
      x509_svid: chain,
      x509_svid_key: key,
      bundle,
      hint,
    })),
    crl: crls,
    federated_bundles: Object.fromEntries(federatedBundles),
  })

const inHex = ({ svids, crls, federatedBundles }: X509SvidResponse): object => ({
  svids: svids.map((svid) => ({ ...svid, chain: hex(svid.chain), key: hex(svid.key), bundle: hex(svid.bundle) })),
  crls: crls.map(hex),
  federatedBundles: [...federatedBundles].map(([name, bundle]) => [name, hex(bundle)]),
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
