/** The dashboard of waypoints. */
import type { Dashboard } from './panel.ts'
import { at } from './waypoint-selectors.ts'
import { decisions, endpoints, filters, processes, tunnels } from './waypoint-state.ts'
import { bytes, overview, traffic } from './waypoint-traffic.ts'

/** Traffic, decisions and how the replicas do. */
export const waypoints: Dashboard = {
  uid: 'fairway-waypoints',
  title: 'Fairway / Waypoints',
  about: 'What goes through waypoints of Fairway, what was decided about it, and how the replicas do.',
  choices: [
    { name: 'namespace', title: 'Namespace', query: 'label_values(fairway_config_generation, namespace)' },
    { name: 'pod', title: 'Replica', query: 'label_values(fairway_config_generation{namespace=~"$namespace"}, pod)' },
    {
      name: 'service',
      title: 'Service',
      query: `label_values(istio_requests_total{reporter="waypoint",${at}}, destination_service_name)`,
    },
  ],
  rows: [overview, traffic, bytes, decisions, endpoints, tunnels, filters, processes],
}
