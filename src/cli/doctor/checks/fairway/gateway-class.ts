import { CONTROLLER_NAME } from '../../../../config/status/kube-status.ts'
import { textAt, valueAt } from '../../../../controller/manifest.ts'
import { CLASS_NAME } from '../../../../controller/pass/run-pass.ts'
import { conditionAt, nameOf, refOf } from '../../look/live.ts'
import { defineCheck, found, type Finding } from '../../check.ts'

type Code = 'FW0206' | 'FW0207' | 'FW0208'

export const gatewayClassCheck = defineCheck({
  name: 'gateway-class',
  section: 'fairway',
  title: 'the GatewayClass is there, and accepted',
  needs: ['GatewayClass'],
  codes: {
    FW0206: {
      level: 'error',
      title: 'There is no GatewayClass of Fairway',
      cause:
        'No GatewayClass has the controllerName fairway.dev/waypoint-controller. The controller makes one when it starts; without it no Gateway is a waypoint of Fairway.',
      cure: 'Start the controller, or apply the GatewayClass of the chart.',
    },
    FW0207: {
      level: 'error',
      title: 'The GatewayClass is of another controller',
      cause: 'A GatewayClass is called fairway-waypoint and names another controller, who decides about its Gateways.',
      cure: 'Delete it, so that the controller makes its own, or use another class.',
    },
    FW0208: {
      level: 'error',
      title: 'The GatewayClass is not accepted',
      cause:
        'The controller has not accepted the class, or has not looked at it as it is now: its parameters may be wrong, or no controller runs.',
      cure: 'Read the condition Accepted of the class, and see whether the controller runs.',
    },
  },
  run: (mesh) => {
    const taken = mesh.get('GatewayClass', '', CLASS_NAME)
    const next = `kubectl describe gatewayclass ${CLASS_NAME}`
    const controllerName = textAt(taken, 'spec', 'controllerName')
    if (taken !== undefined && controllerName !== CONTROLLER_NAME) {
      const message = `its controller is ${controllerName}, expected ${CONTROLLER_NAME}`
      return found<Code>([{ code: 'FW0207', object: refOf(taken), message, next }])
    }
    const { classes } = mesh.facts
    if (classes.length === 0) {
      const message = `no GatewayClass has the controllerName ${CONTROLLER_NAME}`
      return found<Code>([{ code: 'FW0206', message, next: 'kubectl get gatewayclasses' }])
    }
    const findings = classes.flatMap((one): readonly Finding<Code>[] => {
      const accepted = conditionAt(one, 'Accepted')
      const isCurrent = valueAt(accepted, 'observedGeneration') === valueAt(one, 'metadata', 'generation')
      if (textAt(accepted, 'status') === 'True' && isCurrent) return []
      const message =
        accepted === undefined
          ? 'the controller has said nothing of it'
          : isCurrent
            ? `${textAt(accepted, 'reason')}: ${textAt(accepted, 'message')}`
            : 'it changed, and the controller has not looked at it since'
      return [{ code: 'FW0208', object: refOf(one), message, next: `kubectl describe gatewayclass ${nameOf(one)}` }]
    })
    return found(findings, classes.map(nameOf).join(', '))
  },
})
