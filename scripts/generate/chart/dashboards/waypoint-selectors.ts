/** What the panels of waypoints ask for. */
import { sumRate, type Panel } from './panel.ts'

/** Of the Pods that are chosen. */
export const at = 'namespace=~"$namespace",pod=~"$pod"'
/** Of the Services that are chosen, as the waypoint tells it. */
export const requests = `reporter="waypoint",${at},destination_service_name=~"$service"`
/** All of their requests. */
export const total = `istio_requests_total{${requests}}`
/** Those that were answered with a status of 500 or more. */
export const failed = `istio_requests_total{${requests},response_code=~"5.."}`
/** A metric of theirs. */
export const of = (metric: string): string => `${metric}{${at}}`

/** How long so many of their requests took at most, 0.99 for 99 of 100. */
export const quantile = (share: number, ...by: readonly string[]): string =>
  `histogram_quantile(${share}, ${sumRate(`istio_request_duration_milliseconds_bucket{${requests}}`, ...by, 'le')})`

/** Each value of a label of a counter by itself. */
export const byLabel = (title: string, metric: string, label: string, about: string): Panel => ({
  title,
  about,
  unit: 'ops',
  lines: [[`{{${label}}}`, `${sumRate(of(metric), label)} > 0`]],
})
