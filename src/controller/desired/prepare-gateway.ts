import { formatIssue } from '../../lib/format-issue.ts'
import { textAt, type LiveObject, type Manifest } from '../manifest.ts'
import { desiredOf, type ParameterSource } from './desired.ts'
import type { GatewayPlan, GatewayReach, WaypointSettings } from './gateway-plan.ts'
import { findDefaults, findParameters, type ConfigMapKey } from './parameters/parameter-refs.ts'
import { judgeListeners } from '../status/gateway-listeners.ts'
import { planGateway } from './plan-gateway.ts'

/** What the objects of a Gateway depend on, beside itself. */
export interface GatewaySurroundings {
  /** Its GatewayClass. */
  readonly gatewayClass: LiveObject
  /** Those that are referred to, and those of the controller's namespace that are defaults. */
  readonly configMaps: ReadonlyMap<ConfigMapKey, LiveObject>
  /** The controller's. */
  readonly systemNamespace: string
  readonly settings: WaypointSettings
  /** What the Gateway's requests come to. */
  readonly reach: Omit<GatewayReach, 'isWide'>
}

/** What a Gateway comes to. */
export interface PreparedGateway {
  readonly plan: GatewayPlan
  /** Why it cannot be; what is there already then stays as it is. */
  readonly refusal: { readonly reason: string; readonly message: string } | undefined
  /** Empty when it is refused. */
  readonly manifests: readonly Manifest[]
}

/** Finds out which objects a Gateway needs. */
export const prepareGateway = (gateway: LiveObject, surroundings: GatewaySurroundings): PreparedGateway => {
  const { gatewayClass, configMaps, systemNamespace, settings, reach } = surroundings
  const { plan, refusal = refuseListeners(gateway) } = planGateway(gateway, reach)
  if (refusal !== undefined) return { plan, refusal, manifests: [] }
  const invalid = (message: string): PreparedGateway => ({
    plan,
    refusal: { reason: 'InvalidParameters', message },
    manifests: [],
  })
  const own = [...configMaps.values()].filter((one) => textAt(one, 'metadata', 'namespace') === systemNamespace)
  const sources: ParameterSource[] = [...findDefaults(plan.className, own)]
  for (const object of [gatewayClass, gateway]) {
    const found = findParameters(object, configMaps)
    if (!found.ok) return invalid(object === gateway ? found.message : `its GatewayClass: ${found.message}`)
    sources.push(...found.sources)
  }
  const desired = desiredOf(plan, settings, sources)
  return desired.ok
    ? { plan, refusal: undefined, manifests: desired.manifests }
    : invalid(desired.issues.map(formatIssue).join('; '))
}

const refuseListeners = (gateway: LiveObject): PreparedGateway['refusal'] => {
  const listeners = judgeListeners(gateway)
  if (listeners.some(({ isAccepted }) => isAccepted)) return undefined
  const why = listeners.map(({ name, conditions }) => `${name}: ${conditions[0]?.message}`).join('; ')
  const message = `no listener can be served (${why || 'there is none'}), expected one with protocol HBONE and port 15008`
  return { reason: 'ListenersNotValid', message }
}
