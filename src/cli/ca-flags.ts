/**
 * The flags of `fairway run` that say where the certificate comes from. What Istio's pods have in their environment is
 * called as there, so that a pod made for one of its proxies suits.
 */
import { isIP } from 'node:net'
import { resolve as resolvePath } from 'node:path'
import type { CaOptions } from '../app/options.ts'
import { DURATION_FORM, parseDuration } from '../lib/duration.ts'
import { decodeChoice, usageError, type FlagTable, type FlagValues } from './arguments.ts'
import { decodeHostPort, formatHostPort } from './host-port.ts'
import type { Terminal } from './verb.ts'

const ISTIOD = 'istiod.istio-system.svc:15012'
const MESH_ROOTS = '/var/run/secrets/istio/root-cert.pem'
const TOKEN = '/var/run/secrets/tokens/istio-token'
const CRL = '/var/run/secrets/istio/crl/ca-crl.pem'
const MIN_TTL_MS = 10_000

export const caFlags = {
  ca: {
    type: 'string',
    value: 'dev|files|istiod|spire',
    help: 'where the certificate comes from; default files with --certs, istiod with --kube, else dev',
  },
  certs: {
    type: 'string',
    value: 'DIR',
    help: 'cert-chain.pem, key.pem, root-cert.pem, or tls.crt, tls.key, ca.crt; reloaded when they change',
  },
  'ca-address': {
    type: 'string',
    value: 'HOST[:PORT]',
    help: `of --ca istiod; default: env CA_ADDRESS or CA_ADDR, else ${ISTIOD}`,
  },
  'ca-root': {
    type: 'string',
    value: 'FILE',
    help: `roots of the mesh, beside what istiod says; watched; default ${MESH_ROOTS}`,
  },
  'ca-token': { type: 'string', value: 'FILE', help: `the account's token for --ca istiod; default ${TOKEN}` },
  'spire-hint': {
    type: 'string',
    value: 'HINT',
    help: 'which of the agent’s identities for --ca spire; default the first that is a workload of our trust domain',
  },
} as const satisfies FlagTable

/** What flags and environment ask for; throws `CliError` (64) for what cannot be meant. */
export const decodeCa = (flags: FlagValues<typeof caFlags>, { cwd, env }: Pick<Terminal, 'cwd' | 'env'>): CaOptions => {
  const kind = decodeChoice('ca', flags.ca ?? (flags.certs === undefined ? 'dev' : 'files'), [
    'dev',
    'files',
    'istiod',
    'spire',
  ])
  switch (kind) {
    case 'dev':
      return { kind, stateDir: resolvePath(cwd, '.fairway') }
    case 'files':
      if (flags.certs === undefined) throw usageError('--ca files needs --certs DIR')
      return { kind, dir: resolvePath(cwd, flags.certs) }
    case 'istiod':
      return { kind, ...decodeIstiod(flags, { cwd, env }) }
    case 'spire':
      return { kind, socketPath: decodeSpiffeSocket(env), hint: flags['spire-hint'] }
  }
}

const decodeIstiod = (
  flags: FlagValues<typeof caFlags>,
  { cwd, env }: Pick<Terminal, 'cwd' | 'env'>,
): Omit<Extract<CaOptions, { readonly kind: 'istiod' }>, 'kind'> => {
  const caRoot = valueOf(env, 'CA_ROOT_CA')
  const serverName = valueOf(env, 'ISTIOD_SAN', 'ALT_CA_HOSTNAME')
  const namespace = valueOf(env, 'POD_NAMESPACE')
  const serviceAccount = valueOf(env, 'SERVICE_ACCOUNT')
  return {
    address: decodeAddress(flags['ca-address'], env, serverName),
    serverName,
    caRootPath: caRoot === undefined || caRoot === 'SYSTEM' ? caRoot : resolvePath(cwd, caRoot),
    meshRootsPath: resolvePath(cwd, flags['ca-root'] ?? MESH_ROOTS),
    crlPath: resolvePath(cwd, valueOf(env, 'CRL_PATH') ?? CRL),
    tokenPath: resolvePath(cwd, flags['ca-token'] ?? TOKEN),
    clusterId: valueOf(env, 'CLUSTER_ID', 'ISTIO_META_CLUSTER_ID') ?? 'Kubernetes',
    ttlMs: decodeTtl(valueOf(env, 'SECRET_TTL') ?? '24h'),
    certSigner: valueOf(env, 'ISTIO_META_CERT_SIGNER'),
    account: namespace === undefined || serviceAccount === undefined ? undefined : { namespace, serviceAccount },
  }
}

/** ztunnel's variable may hold a URL. A token must not go out in plaintext, so `http` is refused. */
const decodeAddress = (flag: string | undefined, env: Terminal['env'], serverName: string | undefined): string => {
  const name = flag === undefined ? 'CA_ADDRESS' : '--ca-address'
  const written = flag ?? valueOf(env, 'CA_ADDRESS', 'CA_ADDR') ?? ISTIOD
  const address = decodeHostPort(name, written.replace(/^https:\/\/([^/]*)\/?$/, '$1'), 15_012)
  if (isIP(address.host) === 0 || serverName !== undefined) return formatHostPort(address)
  throw usageError(
    `${name} ${JSON.stringify(written)} is an IP address, and nobody knows what name its certificate must have`,
    'set ISTIOD_SAN, for istiod to istiod.istio-system.svc',
  )
}

const decodeTtl = (text: string): number => {
  const ttlMs = parseDuration(text)
  if (ttlMs !== undefined && ttlMs >= MIN_TTL_MS) return ttlMs
  throw usageError(`SECRET_TTL ${JSON.stringify(text)} is not ${DURATION_FORM}, and at least 10s`)
}

/** SPIFFE Workload Endpoint section 4: a URI, `unix:` and an absolute path. */
const decodeSpiffeSocket = (env: Terminal['env']): string => {
  const written = valueOf(env, 'SPIFFE_ENDPOINT_SOCKET')
  if (written === undefined) {
    throw usageError('--ca spire needs the environment variable SPIFFE_ENDPOINT_SOCKET', 'set it to unix:///PATH')
  }
  const path = /^unix:(?:\/\/)?(\/[^?#]+)$/.exec(written)?.[1]
  if (path !== undefined) return path
  throw usageError(`SPIFFE_ENDPOINT_SOCKET ${JSON.stringify(written)} is not of the form unix:///PATH`)
}

/** The first that is set; an empty variable is one that is not there. */
const valueOf = (env: Terminal['env'], ...names: readonly string[]): string | undefined =>
  names.map((name) => env[name]).find((value) => value !== undefined && value !== '')
