/** What has to happen until an alert of the chart fires, and what must not be enough; `promtool test rules` plays it. */
import { stringify } from 'yaml'
import { alertGroups } from '../../../scripts/generate/chart/alerts.ts'

/** One course of events, minute by minute from 0 on. */
export interface AlertCase {
  readonly alert: string
  readonly what: string
  /** Series with their values in promtool's spelling: `0+1x9` is 0, 1, … 9. */
  readonly series: readonly (readonly [series: string, values: string])[]
  readonly atMinute: number
  /** What it says then, with the labels that tell it from others; absent: it does not fire. */
  readonly says?: { readonly summary: string; readonly labels: Readonly<Record<string, string>> }
}

const one = { namespace: 'shop', pod: 'waypoint-1' }
const of = (metric: string, labels = ''): string =>
  `${metric}{namespace="shop",pod="waypoint-1"${labels === '' ? '' : `,${labels}`}}`
const controller = (metric: string, pod = 'c-1'): string => `${metric}{namespace="fairway-system",pod="${pod}"}`
const leader = (pod: string): string => controller('fairway_controller_leader', pod)
const first = { namespace: 'fairway-system', pod: 'c-1' }

const controllerCases: readonly AlertCase[] = [
  {
    alert: 'FairwayNoController',
    what: 'nobody leads',
    series: [
      [leader('c-1'), '0x20'],
      [leader('c-2'), '0x20'],
    ],
    atMinute: 5,
    says: { summary: 'No controller of Fairway leads', labels: {} },
  },
  {
    alert: 'FairwayNoController',
    what: 'none is there',
    series: [],
    atMinute: 5,
    says: { summary: 'No controller of Fairway leads', labels: {} },
  },
  {
    alert: 'FairwayNoController',
    what: 'another one takes over within minutes',
    series: [
      [leader('c-1'), '1x4 0x20'],
      [leader('c-2'), '0x8 1x16'],
    ],
    atMinute: 9,
  },
  {
    alert: 'FairwayGatewayNotProgrammed',
    what: 'one of three has no replica',
    series: [
      [controller('fairway_controller_gateways'), '3x30'],
      [controller('fairway_controller_gateways_programmed'), '3x4 2x25'],
    ],
    atMinute: 20,
    says: { summary: '1 Gateways have no replica that is ready', labels: {} },
  },
  {
    alert: 'FairwayGatewayNotProgrammed',
    what: 'a new one takes minutes',
    series: [
      [controller('fairway_controller_gateways'), '3x30'],
      [controller('fairway_controller_gateways_programmed'), '2x13 3x20'],
    ],
    atMinute: 16,
  },
  {
    alert: 'FairwayControllerCannotSee',
    what: 'a right is missing',
    series: [[controller('fairway_controller_troubles'), '2x20']],
    atMinute: 10,
    says: { summary: '2 kinds cannot be read by the controller', labels: first },
  },
  {
    alert: 'FairwayControllerCannotSee',
    what: 'an API server starts anew',
    series: [[controller('fairway_controller_troubles'), '0 9 9 0x20']],
    atMinute: 12,
  },
  {
    alert: 'FairwayControllerCannotWrite',
    what: 'an object is refused again and again',
    series: [[controller('fairway_controller_failures'), '1x20']],
    atMinute: 15,
    says: { summary: '1 things cannot be done by the controller', labels: first },
  },
  {
    alert: 'FairwayControllerCannotWrite',
    what: 'it works at last',
    series: [[controller('fairway_controller_failures'), '1x14 0x9']],
    atMinute: 16,
  },
]

const waypointCases: readonly AlertCase[] = [
  {
    alert: 'FairwayCertificateNotRenewed',
    what: 'the CA does not answer',
    series: [
      [of('fairway_certificate_remaining_seconds'), '7200-60x120'],
      [of('fairway_certificate_failures_total'), '0x30 1+1x90'],
    ],
    atMinute: 70,
    says: {
      summary: 'The certificate of shop/waypoint-1 is valid for less than an hour, and there is no new one',
      labels: one,
    },
  },
  {
    alert: 'FairwayCertificateNotRenewed',
    what: 'certificates are short and renewed',
    series: [
      [of('fairway_certificate_remaining_seconds'), '3000-60x25 3000-60x25 3000-60x25'],
      [of('fairway_certificate_failures_total'), '0x90'],
    ],
    atMinute: 70,
  },
  {
    alert: 'FairwayConfigRefused',
    what: 'an object stays wrong',
    series: [[of('fairway_config_issues'), '0x4 3x30']],
    atMinute: 20,
    says: { summary: 'shop/waypoint-1 cannot read 3 objects', labels: one },
  },
  {
    alert: 'FairwayConfigRefused',
    what: 'somebody puts it right',
    series: [[of('fairway_config_issues'), '0x4 3x10 0x20']],
    atMinute: 21,
  },
  {
    alert: 'FairwayOverload',
    what: 'two a second are refused for long',
    series: [
      [of('fairway_overload_refused_total', 'reason="time"'), '0+60x30'],
      [of('fairway_overload_refused_total', 'reason="memory"'), '0+60x30'],
    ],
    atMinute: 20,
    says: { summary: 'shop/waypoint-1 refuses 2 requests a second for lack of time or room', labels: one },
  },
  {
    alert: 'FairwayOverload',
    what: 'it was a burst',
    series: [[of('fairway_overload_refused_total', 'reason="time"'), '0 6000x30']],
    atMinute: 12,
  },
  {
    alert: 'FairwayIdentityMismatch',
    what: 'somebody else answers all the time',
    series: [[of('fairway_upstream_identity_mismatches_total'), '0+1x30']],
    atMinute: 12,
    says: { summary: 'Endpoints show shop/waypoint-1 another identity than their own', labels: one },
  },
  {
    alert: 'FairwayIdentityMismatch',
    what: 'an address was given anew, once',
    series: [[of('fairway_upstream_identity_mismatches_total'), '0 1x30']],
    atMinute: 12,
  },
  {
    alert: 'FairwayEndpointsEjected',
    what: 'two stay away',
    series: [[of('fairway_endpoints_unhealthy', 'state="ejected"'), '2x30']],
    atMinute: 15,
    says: { summary: '2 endpoints get nothing from shop/waypoint-1', labels: one },
  },
  {
    alert: 'FairwayEndpointsEjected',
    what: 'they are only slow',
    series: [
      [of('fairway_endpoints_unhealthy', 'state="ejected"'), '0x30'],
      [of('fairway_endpoints_unhealthy', 'state="slowed"'), '2x30'],
    ],
    atMinute: 20,
  },
  {
    alert: 'FairwayFilterQuarantined',
    what: 'a filter fails',
    series: [
      [of('fairway_filter_quarantined', 'filter="shop/mark"'), '1x10'],
      [of('fairway_filter_quarantined', 'filter="shop/other"'), '0x10'],
    ],
    atMinute: 5,
    says: {
      summary: 'Filter shop/mark is not called in shop/waypoint-1',
      labels: { ...one, filter: 'shop/mark' },
    },
  },
  {
    alert: 'FairwayFilterQuarantined',
    what: 'it is tried again with success',
    series: [[of('fairway_filter_quarantined', 'filter="shop/mark"'), '1x4 0x10']],
    atMinute: 6,
  },
  {
    alert: 'FairwayErrorsCaught',
    what: 'a request met a bug',
    series: [[of('fairway_errors_caught_total'), '0x5 2x30']],
    atMinute: 8,
    says: { summary: 'shop/waypoint-1 has caught errors in its own code', labels: one },
  },
  {
    alert: 'FairwayErrorsCaught',
    what: 'only a filter failed',
    series: [
      [of('fairway_errors_caught_total'), '0x30'],
      [of('fairway_filter_errors_total'), '0x5 9x30'],
    ],
    atMinute: 8,
  },
  {
    alert: 'FairwaySeriesLimit',
    what: 'a series found no room',
    series: [[of('fairway_metric_series_overflow_total'), '0x5 9x30']],
    atMinute: 8,
    says: { summary: 'shop/waypoint-1 has more series than it tells of', labels: one },
  },
  {
    alert: 'FairwaySeriesLimit',
    what: 'that was long ago',
    series: [[of('fairway_metric_series_overflow_total'), '0x5 9x60']],
    atMinute: 40,
  },
]

/** All of them. */
export const alertCases: readonly AlertCase[] = [...controllerCases, ...waypointCases]

/** What promtool plays of `rulesFile`, a test for each case. */
export const formatRuleTests = (rulesFile: string): string =>
  stringify({
    rule_files: [rulesFile],
    evaluation_interval: '1m',
    tests: alertCases.map(({ alert, what, series, atMinute, says }) => ({
      name: `${alert}: ${what}`,
      interval: '1m',
      input_series: series.map(([name, values]) => ({ series: name, values })),
      alert_rule_test: [
        {
          eval_time: `${atMinute}m`,
          alertname: alert,
          exp_alerts: says === undefined ? [] : [toExpected(alert, says)],
        },
      ],
    })),
  })

const toExpected = (alert: string, { labels, summary }: NonNullable<AlertCase['says']>): object => {
  const rule = alertGroups.flatMap(([, alerts]) => alerts).find(({ name }) => name === alert)
  return {
    exp_labels: { ...labels, severity: rule?.severity },
    exp_annotations: { summary, description: rule?.description },
  }
}
