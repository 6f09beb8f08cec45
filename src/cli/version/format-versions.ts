import type { Look } from '../terminal/print-as.ts'
import { formatTitled } from '../terminal/print-as.ts'
import { formatTable } from '../terminal/table.ts'
import { printable } from '../terminal/printable.ts'
import type { ClusterVersions, DeployedVersion } from './cluster-versions.ts'

/** This program. */
export interface ClientVersion {
  readonly version: string
  /** `26.10.0` */
  readonly node: string
  /** `linux/x64` */
  readonly platform: string
}

export interface Versions {
  readonly client: ClientVersion
  readonly cluster?: ClusterVersions
}

/** Versions for people: the program's, then the cluster's, then a table of what runs there. */
export const formatVersions = ({ client, cluster }: Versions, look: Pick<Look, 'colours' | 'maxWidth'>): string => {
  const { version, node, platform } = client
  const head: (readonly [string, string])[] = [
    ['fairway', version],
    ['Node', `${node} ${platform}`],
  ]
  if (cluster !== undefined) {
    head.push(['cluster', cluster.server], ['Gateway API', cluster.gatewayApi ?? 'none that says its version'])
    if (cluster.controllers.length === 0) head.push(['controllers', 'none'])
    if (cluster.waypoints.length === 0) head.push(['waypoints', 'none'])
  }
  const rows = head.map(([name, text]) => [{ text: name, paint: look.colours.dim }, { text: printable(text) }])
  const deployed =
    cluster === undefined
      ? []
      : [...rowsOf('controller', cluster.controllers), ...rowsOf('waypoint', cluster.waypoints)]
  const table =
    deployed.length === 0
      ? ''
      : `\n${formatTitled(['WHAT', 'NAMESPACE', 'NAME', 'VERSION', 'READY', 'IMAGE'], deployed, look)}`
  return formatTable(rows, look.maxWidth === undefined ? {} : { maxWidth: look.maxWidth }) + table
}

const rowsOf = (what: string, deployed: readonly DeployedVersion[]) =>
  deployed.map(({ namespace, name, gateway, version, image, replicas, readyReplicas, isRollingOut }) =>
    [
      what,
      namespace,
      gateway ?? name,
      version ?? '-',
      `${readyReplicas}/${replicas}${isRollingOut ? ', rolling out' : ''}`,
      image === '' ? '-' : image,
    ].map((text) => ({ text: printable(text) })),
  )
