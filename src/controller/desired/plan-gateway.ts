import { listAt, textAt, textsAt, type LiveObject } from '../manifest.ts'
import type { GatewayPlan, GatewayReach } from './gateway-plan.ts'
import { judgeListeners } from '../status/gateway-listeners.ts'
import { objectNameOf } from './names.ts'

/** What is to be made of a Gateway, and why it cannot be. */
export interface PlannedGateway {
  readonly plan: GatewayPlan
  readonly refusal: { readonly reason: string; readonly message: string } | undefined
}

/** Istio's annotations of Gateways. */
const NAME = 'gateway.istio.io/name-override'
const SERVICE_ACCOUNT = 'gateway.istio.io/service-account'
const SERVICE_TYPE = 'networking.istio.io/service-type'

const serviceTypes = ['ClusterIP', 'LoadBalancer', 'NodePort'] as const

/** Reads what the objects of a Gateway are called and carry; `reach` is what its requests come to. */
export const planGateway = (gateway: LiveObject, reach: Omit<GatewayReach, 'isWide'>): PlannedGateway => {
  const name = textAt(gateway, 'metadata', 'name')
  const annotations = textsAt(gateway, 'metadata', 'annotations')
  const { [NAME]: override, [SERVICE_ACCOUNT]: account, [SERVICE_TYPE]: type = 'ClusterIP' } = annotations
  const objectName = objectNameOf(override ?? name)
  const serviceType = serviceTypes.find((one) => one === type)
  const plan: GatewayPlan = {
    namespace: textAt(gateway, 'metadata', 'namespace'),
    name,
    uid: textAt(gateway, 'metadata', 'uid'),
    className: textAt(gateway, 'spec', 'gatewayClassName'),
    objectName,
    serviceAccount: account ?? objectName,
    labels: textsAt(gateway, 'spec', 'infrastructure', 'labels'),
    annotations: textsAt(gateway, 'spec', 'infrastructure', 'annotations'),
    revision: textsAt(gateway, 'metadata', 'labels')['istio.io/rev'],
    reach: { ...reach, isWide: isWide(gateway) },
    serviceType: serviceType ?? 'ClusterIP',
  }
  return { plan, refusal: refuse(gateway, { name, override, account, type, serviceType }) }
}

/** What the objects of a Gateway are called, `NAMESPACE/NAME`: where its requests go makes no difference to that. */
export const objectKeyOf = (gateway: LiveObject): string => {
  const { namespace, objectName } = planGateway(gateway, nowhere).plan
  return `${namespace}/${objectName}`
}

const nowhere = { namespaces: [], certificates: [], secrets: [] }

/** As the listener that serves it says. */
const isWide = (gateway: LiveObject): boolean => {
  const index = judgeListeners(gateway).findIndex(({ isAccepted }) => isAccepted)
  const from = textAt(listAt(gateway, 'spec', 'listeners')[index], 'allowedRoutes', 'namespaces', 'from')
  return from === 'All' || from === 'Selector'
}

interface Written {
  readonly name: string
  readonly override: string | undefined
  readonly account: string | undefined
  readonly type: string
  readonly serviceType: string | undefined
}

const refuse = (gateway: LiveObject, written: Written): PlannedGateway['refusal'] => {
  const { name, override, account, type, serviceType } = written
  if (name === 'none') {
    const message =
      'metadata.name: a Gateway called "none" cannot be used: label istio.io/use-waypoint takes that as a no'
    return { reason: 'Invalid', message }
  }
  const wrong = [
    [NAME, override],
    [SERVICE_ACCOUNT, account],
  ].find(([, value]) => value !== undefined && objectNameOf(value) !== value)
  if (wrong !== undefined) {
    const message = `metadata.annotations["${wrong[0]}"]: found ${JSON.stringify(wrong[1])}, expected a DNS label`
    return { reason: 'Invalid', message }
  }
  if (serviceType === undefined) {
    const found = JSON.stringify(type)
    const message = `metadata.annotations["${SERVICE_TYPE}"]: found ${found}, expected one of ${serviceTypes.join(', ')}`
    return { reason: 'Invalid', message }
  }
  // The address is that of the Service, and of no other.
  const addresses = listAt(gateway, 'spec', 'addresses').filter((address) => textAt(address, 'value') !== '')
  if (addresses.length > 0) {
    const message = 'spec.addresses: no address can be asked for: a waypoint has that of its Service'
    return { reason: 'UnsupportedAddress', message }
  }
  return undefined
}
