import { listAt, textAt, valueAt, type LiveObject } from '../../../../controller/manifest.ts'
import { conditionAt, keyOfLive, nameOf, namespaceOf, refOf } from '../../look/live.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

type Code = 'FW0501' | 'FW0502' | 'FW0503' | 'FW0504'

export const gatewaysCheck = defineCheck({
  name: 'gateways',
  section: 'waypoints',
  title: 'Gateways are accepted and programmed',
  needs: ['Gateway'],
  codes: {
    FW0501: {
      level: 'error',
      title: 'A Gateway is not accepted',
      cause:
        'The controller refuses the Gateway: a listener, a label or its parameters are wrong. It makes no waypoint of it.',
      cure: 'Put right what the condition Accepted names.',
    },
    FW0502: {
      level: 'error',
      title: 'A Gateway is not programmed',
      cause:
        'No replica is ready, or an object of the waypoint could not be made. Without an address in its status istiod sends nothing through the waypoint, and what policies there say is not enforced; with one, connections fail until a replica is ready.',
      cure: 'Read the condition Programmed, and look at the Pods of the waypoint.',
    },
    FW0503: {
      level: 'warning',
      title: 'A Gateway’s status is old',
      cause: 'The Gateway was changed, and no controller has looked at it since, or none ever has.',
      cure: 'See whether the controller runs, and what it logs.',
    },
    FW0504: {
      level: 'error',
      title: 'A Gateway has no address',
      cause:
        'The Gateway is programmed and its status has no address. istiod takes a Gateway without one for no waypoint: traffic goes past it.',
      cure: 'See who else writes the status of the Gateway; the controller publishes the address with the first replica that is ready.',
    },
  },
  run: (mesh) => {
    const { waypoints } = mesh.facts
    if (waypoints.length === 0) return skip('no Gateway of a class of Fairway')
    return found(
      waypoints.flatMap(({ gateway }) => judge(gateway)),
      waypoints.map(({ gateway }) => keyOfLive(gateway)).join(', '),
    )
  },
})

const judge = (gateway: LiveObject): readonly Finding<Code>[] => {
  const object = refOf(gateway)
  const next = `fairway waypoint status -n ${namespaceOf(gateway)} ${nameOf(gateway)}`
  const accepted = conditionAt(gateway, 'Accepted')
  const programmed = conditionAt(gateway, 'Programmed')
  const generation = valueAt(gateway, 'metadata', 'generation')
  const isCurrent = (condition: unknown): boolean => valueAt(condition, 'observedGeneration') === generation
  const say = (code: Code, message: string): readonly Finding<Code>[] => [{ code, object, message, next }]
  const told = (condition: unknown): string => `${textAt(condition, 'reason')}: ${textAt(condition, 'message')}`
  // Gateway API's own default of a Gateway that nobody has looked at is Unknown.
  if (accepted === undefined || textAt(accepted, 'status') === 'Unknown') {
    return say('FW0503', 'no controller has looked at it')
  }
  if (!isCurrent(accepted)) return say('FW0503', 'it changed, and no controller has looked at it since')
  if (textAt(accepted, 'status') !== 'True') return say('FW0501', told(accepted))
  if (textAt(accepted, 'reason') === 'ListenersNotValid') return say('FW0501', told(accepted))
  if (textAt(programmed, 'status') !== 'True') {
    return say('FW0502', programmed === undefined ? 'the controller has not said why' : told(programmed))
  }
  const addresses = listAt(gateway, 'status', 'addresses')
  return addresses.length > 0 ? [] : say('FW0504', 'its status has no address, although it is programmed')
}
