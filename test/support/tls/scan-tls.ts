import { connect } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import type { Credentials } from '../../../src/identity/credentials.ts'
import { SClient } from './s-client.ts'

/** All that a server lets a client choose. */
export interface TlsScan {
  readonly versions: readonly string[]
  readonly suites: readonly string[]
  readonly groups: readonly string[]
  readonly signatures: readonly string[]
  /** Of lists that are offered, which ones get an answer; the empty one is no ALPN at all. */
  readonly protocols: readonly string[]
  readonly demandsCertificate: boolean
  readonly resumes: boolean
}

const SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_128_CCM_SHA256',
  'TLS_AES_128_CCM_8_SHA256',
]
const GROUPS = ['X25519', 'P-256', 'P-384', 'P-521', 'X448', 'ffdhe2048', 'X25519MLKEM768']
const SIGNATURES = ['ECDSA+SHA256', 'ECDSA+SHA384', 'RSA-PSS+SHA256', 'ed25519']
const PROTOCOLS = ['h2', 'http/1.1,h2', 'http/1.1', '']
/** What a client allows itself at the lowest security level, so that a refusal is the server's. */
const LOWEST = 'ALL:@SECLEVEL=0'

/** Tries everything on a server that sends something to whom it lets in, as soon as it does. */
export const scanTls = async (port: number, credentials: Credentials, withOpenssl = true): Promise<TlsScan> => {
  const base: ConnectionOptions = {
    host: '127.0.0.1',
    port,
    servername: '',
    ca: credentials.trustRootsPem,
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
  }
  const own = { ...base, cert: credentials.certificateChainPem, key: credentials.privateKeyPem }
  const accepted = async (tries: Readonly<Record<string, Partial<ConnectionOptions>>>): Promise<readonly string[]> => {
    const found: string[] = []
    for (const [name, options] of Object.entries(tries)) {
      if ((await attempt({ ...own, ...options })).isIn) found.push(name)
    }
    return found
  }
  const { session } = await attempt(own)
  return {
    versions: [
      ...(await accepted({
        'TLSv1.0': { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: LOWEST },
        'TLSv1.1': { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: LOWEST },
        'TLSv1.2': { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: LOWEST },
        'TLSv1.3': { minVersion: 'TLSv1.3' },
      })),
      ...(withOpenssl ? await opensslVersions(port, credentials) : []),
    ],
    suites: await accepted(Object.fromEntries(SUITES.map((ciphers) => [ciphers, { ciphers }]))),
    groups: await accepted(Object.fromEntries(GROUPS.map((ecdhCurve) => [ecdhCurve, { ecdhCurve }]))),
    signatures: await accepted(Object.fromEntries(SIGNATURES.map((sigalgs) => [sigalgs, { sigalgs }]))),
    protocols: await accepted(
      Object.fromEntries(PROTOCOLS.map((list) => [list, { ALPNProtocols: list === '' ? [] : list.split(',') }])),
    ),
    demandsCertificate: !(await attempt(base)).isIn,
    resumes: session !== undefined && (await attempt({ ...base, session })).isIn,
  }
}

interface Attempt {
  readonly isIn: boolean
  readonly session: Buffer | undefined
}

const attempt = (options: ConnectionOptions): Promise<Attempt> =>
  new Promise((resolve) => {
    let isIn = false
    let session: Buffer | undefined
    const socket = connectOrNothing(options)
    if (socket === undefined) return resolve({ isIn, session })
    socket.on('error', () => {})
    socket.on('session', (next: Buffer) => (session = next))
    socket.once('data', () => {
      isIn = true
      socket.destroy()
    })
    socket.once('close', () => resolve({ isIn, session }))
  })

/** What this OpenSSL does not know at all cannot be asked for. */
const connectOrNothing = (options: ConnectionOptions): ReturnType<typeof connect> | undefined => {
  try {
    return connect(options)
  } catch {
    return undefined
  }
}

const opensslVersions = async (port: number, credentials: Credentials): Promise<readonly string[]> => {
  using openssl = new SClient()
  const found: string[] = []
  for (const version of ['tls1', 'tls1_1', 'tls1_2', 'tls1_3']) {
    const output = await openssl.run({
      port,
      cert: credentials.certificateChainPem,
      key: credentials.privateKeyPem,
      ca: credentials.trustRootsPem,
      args: [`-${version}`, '-cipher', LOWEST, '-alpn', 'h2'],
      isOver: (text) => text.includes('Verify return code'),
    })
    if (/^New, TLSv1/m.test(output)) found.push(`openssl ${version}`)
  }
  return found
}
