/** The values of the chart, in the order in which they are shown. */
import { controllerValues } from './controller-values.ts'
import { waypointValues } from './waypoint-values.ts'
import {
  anyObjects,
  choice,
  digest,
  flag,
  group,
  integer,
  listOf,
  pullSecrets,
  repository,
  scrapeInterval,
  tag,
  text,
  textMap,
  value,
  type ValueTree,
} from './value-node.ts'

const host = { type: 'string', pattern: '^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$' }
/** As `--cluster-domain` takes it; the length apart, since Helm's expressions cannot look ahead. */
const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const dnsName = { type: 'string', pattern: `^${label}(\\.${label})*$`, maxLength: 253 }
const namespace = { type: 'string', pattern: `^${label}$` }
const address = { type: 'string', pattern: '^\\S*$' }
const part = { type: 'string', pattern: '^([a-z]([-a-z0-9]*[a-z0-9])?)?$' }

const monitoring = group('Objects for the Prometheus Operator and for Grafana. Their definitions have to be there.', {
  serviceMonitor: group('Has the controller scraped.', {
    enabled: value('Whether there is a ServiceMonitor.', false, flag),
    interval: value('How often; empty: as Prometheus has it.', '', scrapeInterval),
    labels: value('What your Prometheus selects by, such as release: prometheus.', {}, textMap),
  }),
  podMonitor: group('Has all waypoints scraped, in all namespaces.', {
    enabled: value('Whether there is a PodMonitor.', false, flag),
    interval: value('How often; empty: as Prometheus has it.', '', scrapeInterval),
    labels: value('What your Prometheus selects by.', {}, textMap),
    namespaces: value('Only waypoints of these namespaces; empty: of all.', [], listOf(text)),
  }),
  prometheusRule: group('Alerts of controller and waypoints, both of which have to be scraped for it.', {
    enabled: value('Whether there is a PrometheusRule.', false, flag),
    labels: value('What your Prometheus selects by.', {}, textMap),
  }),
  dashboards: group('Dashboards as ConfigMaps, as the sidecar of Grafana takes them.', {
    enabled: value('Whether there are such ConfigMaps.', false, flag),
    labels: value('What the sidecar selects by.', { grafana_dashboard: '1' }, textMap),
    annotations: value('Such as grafana_folder: Mesh.', {}, textMap),
  }),
})

const networkPolicy = group('Lets only what is needed reach the controller, and the controller only what it needs.', {
  enabled: value('Whether there is a NetworkPolicy.', false, flag),
  metricsFrom: value('Who may scrape its metrics, as peers of a NetworkPolicy; empty: everybody.', [], anyObjects),
  apiServerPorts: value(
    'Where the API server listens. Some networks see the port of the Service (443), some that behind it (6443).',
    [443, 6443],
    { type: 'array', minItems: 1, items: integer(1, 65_535) },
  ),
})

const mesh = group('How the mesh is called. What istiod was installed with has to stand here too.', {
  clusterDomain: value('Of host names of Services.', 'cluster.local', dnsName),
  trustDomain: value('Of waypoints; empty: as the MeshConfig says.', '', host),
  clusterId: value('What istiod calls this cluster.', 'Kubernetes', { type: 'string', minLength: 1 }),
  istioNamespace: value('Where istiod and its MeshConfig are.', 'istio-system', namespace),
  caAddress: value(
    'Whom waypoints ask for certificates, HOST[:PORT]; empty: istiod of the Gateway’s revision.',
    '',
    address,
  ),
})

/** All of them. */
export const chartValues: ValueTree = {
  nameOverride: value('Stands for the chart’s name in the names of objects.', '', part),
  fullnameOverride: value('Stands for release and chart in the names of objects.', '', part),
  commonLabels: value('On all objects of the chart, beside its own.', {}, textMap),
  image: group('The image of controller and waypoints.', {
    repository: value('With its registry, where it has one, and without a tag.', 'fairway', {
      ...repository,
      minLength: 1,
    }),
    tag: value('Empty: the chart’s appVersion.', '', tag),
    digest: value('sha256:…; goes before the tag.', '', digest),
    pullPolicy: value('When the image is pulled.', 'IfNotPresent', choice('Always', 'IfNotPresent', 'Never')),
  }),
  imagePullSecrets: value('Secrets of the release’s namespace, for the controller: [{name: …}].', [], pullSecrets),
  mesh,
  controller: controllerValues,
  serviceAccount: group('Who the controller is.', {
    create: value('Whether it is made. If not, name says which there is.', true, flag),
    name: value('Empty: as the Deployment is called.', '', text),
    annotations: value('For workload identities of clouds.', {}, textMap),
  }),
  rbac: group('What the controller may, what it may give to waypoints, and what your people may.', {
    create: value('Whether roles and bindings are made. If not, somebody else has to.', true, flag),
    aggregate: value(
      'Lets view, edit and admin of Kubernetes read and write our kinds in their namespaces.',
      false,
      flag,
    ),
  }),
  gatewayClass: group('The class fairway-waypoint. The controller makes it where it is missing.', {
    create: value('Whether the chart has it. One that somebody else made is left alone.', true, flag),
    labels: value('On the class.', {}, textMap),
    annotations: value('On the class.', {}, textMap),
  }),
  crds: group('Helm installs definitions of kinds, and never touches them again.', {
    upgrade: value(
      'Has a Job bring them up to date before each upgrade. Its account may write these definitions.',
      false,
      flag,
    ),
  }),
  uninstall: group('What becomes of waypoints when the release goes.', {
    keepWaypoints: value(
      'Leaves the roles of waypoints and the GatewayClass, without which waypoints that run would read nothing any more.',
      true,
      flag,
    ),
  }),
  waypoint: waypointValues,
  monitoring,
  networkPolicy,
}
