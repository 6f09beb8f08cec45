/** The alerts of the chart: what a person has to look at, and where. */
import { stringify } from 'yaml'

/** One alert. */
export interface Alert {
  readonly name: string
  readonly expression: string
  /** How long it has to be so. */
  readonly for: string
  readonly severity: 'warning' | 'critical'
  readonly summary: string
  /** What it means for traffic, and what to do. */
  readonly description: string
}

const at = '{{ $labels.namespace }}/{{ $labels.pod }}'

/** Of the controller. */
const controllerAlerts: readonly Alert[] = [
  {
    name: 'FairwayNoController',
    expression: 'sum(fairway_controller_leader) < 1 or absent(fairway_controller_leader)',
    for: '5m',
    severity: 'critical',
    summary: 'No controller of Fairway leads',
    description:
      'Waypoints that run go on; new Gateways, replicas of new versions and statuses wait. See whether its Pods run, and their log.',
  },
  {
    name: 'FairwayGatewayNotProgrammed',
    expression: 'sum(fairway_controller_gateways) - sum(fairway_controller_gateways_programmed) > 0',
    for: '15m',
    severity: 'critical',
    summary: '{{ $value }} Gateways have no replica that is ready',
    description:
      'What is sent to these waypoints fails. kubectl get gateways -A shows which, and condition Programmed why.',
  },
  {
    name: 'FairwayControllerCannotSee',
    expression: 'max by (namespace, pod) (fairway_controller_troubles) > 0',
    for: '10m',
    severity: 'warning',
    summary: '{{ $value }} kinds cannot be read by the controller',
    description:
      'A right or a definition of a kind is missing, or the API server does not answer. The log of the controller says which.',
  },
  {
    name: 'FairwayControllerCannotWrite',
    expression: 'max by (namespace, pod) (fairway_controller_failures) > 0',
    for: '15m',
    severity: 'warning',
    summary: '{{ $value }} things cannot be done by the controller',
    description: 'It tries again, ever later. Condition Programmed of the Gateways says what and why.',
  },
]

/** Of waypoints. */
const waypointAlerts: readonly Alert[] = [
  {
    name: 'FairwayCertificateNotRenewed',
    // Some meshes have certificates that are valid for an hour from the start.
    expression:
      'min by (namespace, pod) (fairway_certificate_remaining_seconds) < 3600 and on (namespace, pod) sum by (namespace, pod) (increase(fairway_certificate_failures_total[30m])) > 0',
    for: '5m',
    severity: 'critical',
    summary: `The certificate of ${at} is valid for less than an hour, and there is no new one`,
    description:
      'Without one nothing reaches this waypoint or leaves it. Its CA does not answer or refuses: the log says why, fairway certs shows it.',
  },
  {
    name: 'FairwayConfigRefused',
    expression: 'max by (namespace, pod) (fairway_config_issues) > 0',
    for: '15m',
    severity: 'warning',
    summary: `${at} cannot read {{ $value }} objects`,
    description: 'What they describe is closed, not ignored. fairway waypoint status says which, and what is wrong.',
  },
  {
    name: 'FairwayOverload',
    expression: 'sum by (namespace, pod) (rate(fairway_overload_refused_total[5m])) > 1',
    for: '10m',
    severity: 'warning',
    summary: `${at} refuses {{ $value | humanize }} requests a second for lack of time or room`,
    description: 'More replicas, or fewer requests. See whether the HorizontalPodAutoscaler is at its end.',
  },
  {
    name: 'FairwayIdentityMismatch',
    expression: 'sum by (namespace, pod) (rate(fairway_upstream_identity_mismatches_total[5m])) > 0',
    for: '10m',
    severity: 'critical',
    summary: `Endpoints show ${at} another identity than their own`,
    description:
      'Nothing is sent to them. Something answers where a Pod should: an address that was given anew, or an attack.',
  },
  {
    name: 'FairwayEndpointsEjected',
    expression: 'max by (namespace, pod) (fairway_endpoints_unhealthy{state="ejected"}) > 0',
    for: '15m',
    severity: 'warning',
    summary: `{{ $value }} endpoints get nothing from ${at}`,
    description: 'They failed too often, again and again, though Kubernetes calls them ready.',
  },
  {
    name: 'FairwayFilterQuarantined',
    expression: 'max by (namespace, pod, filter) (fairway_filter_quarantined) > 0',
    for: '5m',
    severity: 'warning',
    summary: `Filter {{ $labels.filter }} is not called in ${at}`,
    description:
      'It failed too often. What its failureMode says happens instead; fairway filter list and the log say why.',
  },
  {
    name: 'FairwayErrorsCaught',
    expression: 'sum by (namespace, pod) (increase(fairway_errors_caught_total[15m])) > 0',
    for: '0m',
    severity: 'warning',
    summary: `${at} has caught errors in its own code`,
    description:
      'At most the request, tunnel or connection that met one was ended. It is a bug of Fairway: the log says where, please report it.',
  },
  {
    name: 'FairwaySeriesLimit',
    expression: 'sum by (namespace, pod) (increase(fairway_metric_series_overflow_total[30m])) > 0',
    for: '0m',
    severity: 'warning',
    summary: `${at} has more series than it tells of`,
    description: 'Requests are counted, but not under their own labels any more.',
  },
]

/** All, by the name of their group. */
export const alertGroups: readonly (readonly [name: string, alerts: readonly Alert[]])[] = [
  ['fairway-controller', controllerAlerts],
  ['fairway-waypoints', waypointAlerts],
]

/** monitoring/alerts.yaml: the `groups` of a PrometheusRule. */
export const formatAlerts = (): string =>
  stringify(
    {
      groups: alertGroups.map(([name, alerts]) => ({
        name,
        rules: alerts.map((alert) => ({
          alert: alert.name,
          expr: alert.expression,
          for: alert.for,
          labels: { severity: alert.severity },
          annotations: { summary: alert.summary, description: alert.description },
        })),
      })),
    },
    { lineWidth: 0 },
  )
