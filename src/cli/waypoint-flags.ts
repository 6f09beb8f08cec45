import type { WaypointOptions } from '../app/options.ts'
import { ownArgumentsOf } from '../controller/desired/deployment.ts'
import type { WaypointSettings } from '../controller/desired/gateway-plan.ts'
import { usageError } from './arguments.ts'
import { decodeRunOptions } from './run-options.ts'
import { CliError } from './verb.ts'

/** What a Pod's environment has; the values are its own affair. */
const env = {
  ...{ GATEWAY_NAMESPACE: 'shop', GATEWAY_NAME: 'waypoint', POD_NAME: 'waypoint-1', POD_NAMESPACE: 'shop' },
  ...{ INSTANCE_IP: '10.0.0.1', SERVICE_ACCOUNT: 'waypoint', CA_ADDRESS: 'istiod.istio-system.svc:15012' },
  CLUSTER_ID: 'Kubernetes',
}

/** Of what the controller alone decides, or what its Deployment and its Service go by. */
const OURS: ReadonlySet<string> = new Set([
  ...['kube', 'file', 'gateway', 'ca', 'workers', 'drain-seconds', 'cluster-domain', 'trust-domain'],
  ...['istio-namespace', 'bind', 'hbone-port', 'ready-port', 'metrics-port'],
])

/**
 * What waypoints go by with these flags. Refuses flags with which waypoints would not start: what is wrong is said once here, and not by each Pod that does not
 * get ready. Throws `CliError` (64).
 */
export const decodeWaypointFlags = (settings: WaypointSettings): WaypointOptions => {
  for (const text of settings.flags) {
    const name = /^--([a-z0-9-]+)(?:=|$)/.exec(text)?.[1]
    if (name === undefined)
      throw usageError(`--waypoint-flag ${JSON.stringify(text)} is no flag`, 'write --waypoint-flag=--NAME=VALUE')
    if (OURS.has(name)) throw usageError(`--waypoint-flag ${text}: --${name} is for the controller to say`)
  }
  const [_verb, ...own] = ownArgumentsOf(settings)
  try {
    return decodeRunOptions([...own, ...settings.flags], { cwd: '/', env })
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    throw usageError(`--waypoint-flag: ${error.message}`, error.next)
  }
}
