/** The flags that say which waypoint of which mesh is meant: the same objects come to different things for each. */
import { resolve as resolvePath } from 'node:path'
import type { MeshOptions } from '../app/options.ts'
import { decodeChoice, usageError, type FlagTable, type FlagValues } from './arguments.ts'
import { clusterDomainFlag, decodeClusterDomain } from './cluster-domain-flag.ts'
import type { Terminal } from './verb.ts'

const normalizations = ['NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'] as const

export const meshFlags = {
  gateway: {
    type: 'string',
    value: 'NS/NAME',
    help: 'which Gateway this is; default: env GATEWAY_NAMESPACE and GATEWAY_NAME, else the only one with an HBONE listener',
  },
  'mesh-config': {
    type: 'string',
    value: 'FILE',
    help: "Istio's MeshConfig as YAML, or the ConfigMap that has it as `mesh`; watched",
  },
  'trust-domain': {
    type: 'string',
    value: 'TD[,ALIAS]',
    help: 'default cluster.local; wins over --mesh-config',
  },
  ...clusterDomainFlag,
  'path-normalization': {
    type: 'string',
    value: 'MODE',
    choices: normalizations,
    help: 'NONE, BASE (default), MERGE_SLASHES, DECODE_AND_MERGE_SLASHES; wins over --mesh-config',
  },
  zone: {
    type: 'string',
    value: 'ZONE',
    help: 'where this runs, for Services that prefer what is near; default: env FAIRWAY_ZONE',
  },
  node: { type: 'string', value: 'NODE', help: 'the node that this runs on; default: env FAIRWAY_NODE' },
} as const satisfies FlagTable

/**
 * What the flags come to; throws `CliError` (64) for what cannot be meant. Of the environment it takes
 * `GATEWAY_NAMESPACE` and `GATEWAY_NAME`, which Istio's pods have, in place of `--gateway`, and `FAIRWAY_ZONE` and
 * `FAIRWAY_NODE` in place of `--zone` and `--node`.
 */
export const decodeMesh = (
  flags: FlagValues<typeof meshFlags>,
  { cwd, env }: Pick<Terminal, 'cwd' | 'env'>,
): MeshOptions => ({
  gateway: decodeGateway(flags.gateway, env),
  trustDomains: decodeTrustDomains(flags['trust-domain'] ?? 'cluster.local'),
  isTrustDomainDefault: flags['trust-domain'] === undefined,
  clusterDomain: decodeClusterDomain(flags['cluster-domain']),
  mesh: decodeMeshSource(flags, cwd),
  pathNormalization: decodeChoice('path-normalization', flags['path-normalization'] ?? 'BASE', normalizations),
  zone: decodePlace('zone', flags.zone, env['FAIRWAY_ZONE']),
  node: decodePlace('node', flags.node, env['FAIRWAY_NODE']),
})

const decodeMeshSource = (flags: FlagValues<typeof meshFlags>, cwd: string): MeshOptions['mesh'] => {
  const path = flags['mesh-config']
  return path === undefined ? undefined : { path: resolvePath(cwd, path), flags: winningFlags(flags) }
}

/** Those that say something that a MeshConfig may say, too. */
export const winningFlags = (flags: FlagValues<typeof meshFlags>): NonNullable<MeshOptions['mesh']>['flags'] =>
  (['trust-domain', 'path-normalization'] as const).filter((flag) => flags[flag] !== undefined)

const decodeGateway = (text: string | undefined, env: Terminal['env']): MeshOptions['gateway'] => {
  const { GATEWAY_NAMESPACE: fromNamespace = '', GATEWAY_NAME: fromName = '' } = env
  const isFromEnv = text === undefined && fromNamespace !== '' && fromName !== ''
  const written = isFromEnv ? `${fromNamespace}/${fromName}` : text
  if (written === undefined) return undefined
  const [, namespace, name] = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})$/.exec(written) ?? []
  if (namespace !== undefined && name !== undefined) return { namespace, name }
  const source = isFromEnv ? 'GATEWAY_NAMESPACE/GATEWAY_NAME' : '--gateway'
  throw usageError(`${source} ${JSON.stringify(written)} is not NS/NAME`)
}

/** The value of a label, or the name of a node. An empty variable is one that is not there. */
const decodePlace = (flag: 'zone' | 'node', text: string | undefined, fromEnv = ''): string | undefined => {
  const written = text ?? (fromEnv === '' ? undefined : fromEnv)
  if (written === undefined || /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$/.test(written)) return written
  const source = text === undefined ? `FAIRWAY_${flag.toUpperCase()}` : `--${flag}`
  throw usageError(`${source} ${JSON.stringify(written)} is not the name of a ${flag}`)
}

const decodeTrustDomains = (text: string): readonly [string, ...string[]] => {
  const [own, ...aliases] = text.split(',').map((part) => part.trim())
  const wrong = [own, ...aliases].find((domain) => domain === undefined || !/^[a-z0-9._-]{1,255}$/.test(domain))
  if (own === undefined || wrong !== undefined)
    throw usageError(
      `--trust-domain ${JSON.stringify(text)} has no valid form: ${JSON.stringify(wrong)} is no trust domain`,
      'write one of lower-case letters, digits, ., - and _, and further ones behind commas: cluster.local,old.example',
    )
  return [own, ...aliases]
}
