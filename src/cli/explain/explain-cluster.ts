/** `fairway explain --kube`: the answer that a waypoint of a cluster gives, worked out here of what it reads. */
import type { TranslateOptions } from '../../config/translate/options.ts'
import { objectKeyOf } from '../../controller/desired/plan-gateway.ts'
import type { KubeClient, KubeJson } from '../../kube/client.ts'
import type { FlagValues } from '../arguments.ts'
import { decodeNamespace, decodeTimeout, openCluster } from '../cluster/access-flags.ts'
import { startedWith, wonBy } from '../cluster/started-with.ts'
import { decodeFiltersDir } from '../filter-flags.ts'
import { decodeIstioNamespace } from '../istio-namespace-flag.ts'
import { decodeMesh, winningFlags } from '../mesh-flags.ts'
import { compileOffline } from '../offline/compile-offline.ts'
import type { Terminal } from '../verb.ts'
import { ofCluster, translateOptionsOf } from '../../app/options.ts'
import { askForExplanation, fromSnapshot, type Answer } from './ask-for-explanation.ts'
import { keyOf } from '../waypoint/live/gateway-api.ts'
import { chooseWaypoints, readDeployments, readWaypoints, type MeshOfWaypoints } from './choose-waypoints.ts'
import type { explainFlags } from './explain-flags.ts'
import { imagineRequest, type ImaginedRequest } from './imagined-request.ts'
import { readWaypoint } from './read-waypoint.ts'
import { explainUnboundServices } from './unbound-services.ts'

type Flags = FlagValues<typeof explainFlags>

/** Who answered what. */
export interface ClusterAnswer {
  readonly request: ImaginedRequest
  readonly answer: Answer
  /** `NAMESPACE/NAME` */
  readonly waypoint: string
}

/** Asks each waypoint that may know in turn, until one does. */
export const explainCluster = async (
  flags: Flags,
  words: readonly string[],
  terminal: Terminal,
): Promise<ClusterAnswer> => {
  const base = { ...translateOptionsOf(decodeMesh(flags, terminal)), ...ofCluster }
  const istioNamespace = decodeIstioNamespace(flags['istio-namespace'])
  const filtersDir = decodeFiltersDir(flags.filters, terminal.cwd)
  const deadlineMs = decodeTimeout(flags['request-timeout'])
  const client = await openCluster(flags, terminal)
  const end = new AbortController()
  const unhear = terminal.onSignal(() => end.abort())
  try {
    const namespace = flags.namespace === undefined ? undefined : decodeNamespace(flags.namespace, client)
    const mesh = await readWaypoints(client, { namespace, gateway: base.gateway })
    if (!mesh.isWhole) tell(terminal, 'you may not look at all namespaces and Services')
    const starts = await readStarts(client, { mesh, base, flags, namespace, terminal })
    const all = mesh.gateways.flatMap((one) => imagine(words, flags, starts(one)).authorities)
    const asked: string[] = []
    let first: ClusterAnswer | undefined
    for (const gateway of chooseWaypoints(mesh, [...new Set(all)], starts(mesh.gateways[0]).clusterDomain)) {
      const options = starts(gateway)
      const found = await readWaypoint({
        ...{ client, istioNamespace, filtersDir, deadlineMs, signal: end.signal },
        gateway: { namespace: gateway.metadata.namespace ?? '', name: gateway.metadata.name },
        deployment: objectKeyOf(gateway).replace(/^.*\//, ''),
        options,
        mesh: { path: `ConfigMap ${istioNamespace}/istio`, isInCluster: true, flags: options.winning },
      })
      for (const gap of found.gaps) tell(terminal, gap)
      const request = imagine(words, flags, options)
      const seen = { ...found, loaded: { ...found.loaded, objects: mesh.objects } }
      const snapshot = compileOffline(found.model, { now: Date.now, random: Math.random })
      const why = (authority: string): readonly string[] =>
        explainUnboundServices(seen, authority, options.clusterDomain)
      const answer = await askForExplanation(request, fromSnapshot(snapshot, why))
      const given = { request, answer, waypoint: keyOf(gateway) }
      if (answer.explanation.outcome !== 'unbound') return given
      first ??= given
      asked.push(given.waypoint)
    }
    if (first === undefined) throw new Error('there is a waypoint at least')
    return asked.length === 1 ? first : withOthers(first, asked)
  } finally {
    unhear()
    client.close()
  }
}

const withOthers = ({ answer, ...given }: ClusterAnswer, asked: readonly string[]): ClusterAnswer => {
  const { explanation } = answer
  const reason = `no other waypoint has it either: ${asked.slice(1).join(', ')}`
  return { ...given, answer: { ...answer, explanation: { ...explanation, reasons: [...explanation.reasons, reason] } } }
}

const tell = ({ err }: Pick<Terminal, 'err'>, gap: string): void => err.write(`not complete: ${gap}\n`)

/** Names of Services end as the waypoint has it. */
const imagine = (words: readonly string[], flags: Flags, { clusterDomain }: Started): ImaginedRequest =>
  imagineRequest(words, { ...flags, 'cluster-domain': clusterDomain })

interface Started extends TranslateOptions {
  /** Those that win over the MeshConfig. */
  readonly winning: ReturnType<typeof startedWith>['flags']
}

interface StartsScope {
  readonly mesh: MeshOfWaypoints
  readonly base: TranslateOptions
  readonly flags: Flags
  readonly namespace: string | undefined
  readonly terminal: Terminal
}

/** What each was started with; flags of this command line win, for whoever wants to know what would be. */
const readStarts = async (
  client: KubeClient,
  { mesh, base, flags, namespace, terminal }: StartsScope,
): Promise<(gateway: KubeJson | undefined) => Started> => {
  const deployments = await readDeployments(client, base.gateway?.namespace ?? namespace)
  if (deployments instanceof Error) {
    tell(terminal, `${deployments.message}: what waypoints were started with is not known`)
  }
  const own = winningFlags(flags)
  const of = (gateway: KubeJson): Started => {
    const deployment = deployments instanceof Error ? undefined : deployments.get(objectKeyOf(gateway))
    const { options, flags: theirs } = startedWith(deployment, base)
    return { ...options, ...wonBy(own, base), winning: [...new Set([...own, ...theirs])] }
  }
  const known = new Map(mesh.gateways.map((one) => [one, of(one)]))
  return (gateway) => (gateway === undefined ? undefined : known.get(gateway)) ?? { ...base, winning: own }
}
