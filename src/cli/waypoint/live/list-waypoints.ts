import { textAt, valueAt } from '../../../controller/manifest.ts'
import { objectKeyOf } from '../../../controller/desired/plan-gateway.ts'
import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources } from '../../../kube/resources.ts'
import { systemClock } from '../../../lib/clock.ts'
import { escapeControl } from '../../../lib/format-issue.ts'
import { withoutWriters } from '../../cluster/diff-objects.ts'
import { formatResourceName, formatTitled, type Printable } from '../../terminal/print-as.ts'
import type { Cell } from '../../terminal/table.ts'
import { wordsForTime } from '../../terminal/words-for-time.ts'
import {
  classOf,
  conditionOf,
  findClasses,
  listWaypoints,
  requireGatewayApi,
  revisionOf,
  trafficTypeOf,
} from './gateway-api.ts'

/** A waypoint, and how it is. */
export interface WaypointRow {
  readonly gateway: KubeJson
  readonly trafficType: string
  /** `2/3`: ready and wanted; `-` where its Deployment is not there, or may not be read. */
  readonly replicas: string
}

/** What `waypoint list` shows. */
export interface WaypointRows {
  readonly rows: readonly WaypointRow[]
  /** Whether they may be of several namespaces. */
  readonly isOfAll: boolean
  readonly nowMs: number
}

/** Reads the waypoints of a namespace, or of all. */
export const loadWaypoints = async (client: KubeClient, namespace: string | undefined): Promise<WaypointRows> => {
  await requireGatewayApi(client)
  const classes = await findClasses(client)
  const gateways = await listWaypoints(client, classes, namespace)
  const replicas = gateways.length === 0 ? new Map<string, string>() : await readReplicas(client, namespace)
  const rows = gateways.map((gateway) => ({
    gateway,
    trafficType: trafficTypeOf(gateway, classes),
    replicas: replicas.get(objectKeyOf(gateway)) ?? '-',
  }))
  return { rows, isOfAll: namespace === undefined, nowMs: systemClock.nowMs() }
}

/** Of all Deployments of waypoints, by `NAMESPACE/NAME`; without the right to read them there are none. */
export const readReplicas = async (
  client: KubeClient,
  namespace: string | undefined,
): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>()
  const onItem = (item: KubeJson): void => {
    const count = (...path: readonly string[]): number => Number(valueAt(item, ...path) ?? 0)
    // Kubernetes has one where none is asked for.
    const wanted = valueAt(item, 'spec', 'replicas') ?? 1
    found.set(
      `${item.metadata.namespace}/${item.metadata.name}`,
      `${count('status', 'readyReplicas')}/${Number(wanted)}`,
    )
  }
  const labels = 'gateway.networking.k8s.io/gateway-name'
  await client.list(kubeResources.Deployment, { namespace, labels, onItem })
  return found
}

/** In each form that `-o` can ask for: istioctl's columns for people, the Gateways for programs. */
export const printableWaypoints = (found: WaypointRows): Printable => ({
  table: (look) => {
    if (found.rows.length === 0) return ''
    const titles = [
      ...(found.isOfAll ? ['NAMESPACE'] : []),
      ...['NAME', 'REVISION', 'TRAFFIC TYPE', 'PROGRAMMED'],
      ...(look.isWide ? ['CLASS', 'REPLICAS', 'ADDRESS', 'AGE'] : []),
    ]
    const rows = found.rows.map((row): readonly Cell[] => {
      const { gateway, trafficType, replicas } = row
      const programmed = conditionOf(gateway, 'Programmed')?.status ?? 'Unknown'
      const isGood = programmed === 'True'
      return [
        ...(found.isOfAll ? [{ text: gateway.metadata.namespace ?? '' }] : []),
        { text: gateway.metadata.name, paint: look.colours.bold },
        { text: escapeControl(revisionOf(gateway)) },
        { text: escapeControl(trafficType) },
        { text: escapeControl(programmed), paint: isGood ? look.colours.green : look.colours.red },
        ...(look.isWide
          ? [classOf(gateway), replicas, addressOf(gateway) ?? '-', ageOf(gateway, found.nowMs)].map((text) => ({
              text: escapeControl(text),
            }))
          : []),
      ]
    })
    return formatTitled(titles, rows, look)
  },
  document: () => ({
    apiVersion: 'v1',
    kind: 'List',
    items: found.rows.map(({ gateway }) => withoutWriters(gateway)),
  }),
  names: () => found.rows.map(({ gateway }) => formatResourceName(kubeResources.Gateway, gateway.metadata.name)),
})

/** The first of `status.addresses`, by which traffic comes to it. */
export const addressOf = (gateway: KubeJson): string | undefined => {
  const addresses = valueAt(gateway, 'status', 'addresses')
  const value = Array.isArray(addresses) ? textAt(addresses[0], 'value') : ''
  return value === '' ? undefined : value
}

const ageOf = ({ metadata }: KubeJson, nowMs: number): string => {
  const madeMs = Date.parse(textAt(metadata, 'creationTimestamp'))
  return Number.isNaN(madeMs) ? '-' : wordsForTime((nowMs - madeMs) / 1000)
}
