import { escapeControl } from '../../../lib/format-issue.ts'
import { DOCUMENT_API, formatTitled, type Look } from '../../terminal/print-as.ts'
import type { SelectedStatus } from '../select-items.ts'
import { createDocument } from '../status-document.ts'
import { formatStatus } from '../status-table.ts'
import type { WaypointSummary } from './live-status.ts'

/** The waypoints in istioctl's columns and some more, and below them what has to do with them. */
export const formatLive = ({ waypoints, status, isOfAll }: LivePart, look: Look): string => {
  const titles = [
    ...(isOfAll ? ['NAMESPACE'] : []),
    'NAME',
    'STATUS',
    'TYPE',
    'REASON',
    'REPLICAS',
    'SERVICES',
    ...(look.isWide ? wide : []),
    'MESSAGE',
  ]
  const { bold, green, red } = look.colours
  const rows = waypoints.map((waypoint) => {
    const { programmed, replicas, services } = waypoint
    return [
      ...(isOfAll ? [{ text: waypoint.namespace }] : []),
      { text: waypoint.name, paint: bold },
      { text: escapeControl(programmed.status), paint: programmed.status === 'True' ? green : red },
      ...['Programmed', programmed.reason, replicas, String(services.length)].map((text) => ({
        text: escapeControl(text),
      })),
      ...(look.isWide ? wideCells(waypoint) : []),
      { text: escapeControl(programmed.message) },
    ]
  })
  const table = waypoints.length === 0 ? '' : `${formatTitled(titles, rows, look)}\n`
  return `${table}${formatStatus(status, look)}`
}

/** What is shown of a cluster. */
export interface LivePart {
  readonly waypoints: readonly WaypointSummary[]
  readonly status: SelectedStatus
  /** Whether they may be of several namespaces. */
  readonly isOfAll: boolean
}

const wide = ['TRAFFIC TYPE', 'REVISION', 'NAMESPACES', 'ADDRESS']

const wideCells = ({ trafficType, revision, namespaces, address }: WaypointSummary) =>
  [trafficType, revision, namespaces.join(',') || '-', address ?? '-'].map((text) => ({ text: escapeControl(text) }))

/** The same for programs: the document that files give, with the waypoints beside it. */
export const liveDocument = ({ waypoints, status }: LivePart) => {
  const { apiVersion, kind, summary, ...rest } = createDocument(status)
  return {
    apiVersion,
    kind,
    summary,
    waypoints: waypoints.map(({ className, programmed, ...waypoint }) => {
      const { status: said, reason, message } = programmed
      return {
        apiVersion: DOCUMENT_API,
        kind: 'Waypoint',
        ...waypoint,
        gatewayClassName: className,
        programmed: { status: said, reason, message },
      }
    }),
    ...rest,
  }
}
