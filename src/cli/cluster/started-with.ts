/** What a waypoint of a cluster goes by that stands in no object but its Deployment: the flags that it was started with. */
import type { MeshFlag } from '../../config/mesh-options.ts'
import type { TranslateOptions } from '../../config/translate/options.ts'
import { listAt, textAt } from '../../controller/manifest.ts'
import { decodeMesh, winningFlags } from '../mesh-flags.ts'
import { CliError } from '../verb.ts'

/** Those that decide what objects come to. */
const names = ['cluster-domain', 'trust-domain', 'path-normalization'] as const

/** What flags come to, and which of them win over the MeshConfig. */
export interface StartedWith {
  readonly options: TranslateOptions
  readonly flags: readonly MeshFlag[]
}

/**
 * The options of a waypoint, of `base` where its Deployment says nothing, or is not known. What it could not start with
 * counts for nothing: whoever looks at replicas hears of it.
 */
export const startedWith = (deployment: unknown, base: TranslateOptions): StartedWith => {
  const args = argumentsIn(deployment)
  const given = Object.fromEntries(names.map((name) => [name, lastOf(args, name)]))
  const { 'cluster-domain': clusterDomain = base.clusterDomain, ...others } = given
  const flags = {
    ...{ gateway: undefined, 'mesh-config': undefined, zone: undefined, node: undefined },
    'cluster-domain': clusterDomain,
    'trust-domain': others['trust-domain'],
    'path-normalization': others['path-normalization'],
  }
  try {
    const { trustDomains, pathNormalization } = decodeMesh(flags, { cwd: '/', env: {} })
    const [trustDomain, ...trustDomainAliases] = trustDomains
    const winning = winningFlags(flags)
    const told = { trustDomain, trustDomainAliases, pathNormalization }
    return { options: { ...base, clusterDomain, ...wonBy(winning, told) }, flags: winning }
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    return { options: base, flags: [] }
  }
}

/** What of options is told by flags that win. */
export const wonBy = (
  flags: readonly MeshFlag[],
  {
    trustDomain,
    trustDomainAliases = [],
    pathNormalization,
  }: Pick<TranslateOptions, 'trustDomain' | 'trustDomainAliases' | 'pathNormalization'>,
): Partial<TranslateOptions> => ({
  ...(flags.includes('trust-domain') ? { trustDomain, trustDomainAliases } : {}),
  ...(flags.includes('path-normalization') ? { pathNormalization } : {}),
})

/** Of the container that is ours, among what others have added. */
const argumentsIn = (deployment: unknown): readonly string[] => {
  const containers = listAt(deployment, 'spec', 'template', 'spec', 'containers')
  const own = containers.find((one) => textAt(one, 'name') === 'fairway') ?? containers[0]
  return [...listAt(own, 'command'), ...listAt(own, 'args')].map(String)
}

/** `--NAME=VALUE` or `--NAME VALUE`; of several the last counts. */
const lastOf = (args: readonly string[], name: string): string | undefined => {
  let found: string | undefined
  for (const [at, arg] of args.entries()) {
    if (arg === `--${name}`) found = args[at + 1]
    else if (arg.startsWith(`--${name}=`)) found = arg.slice(name.length + 3)
  }
  return found
}
