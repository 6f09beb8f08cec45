import { valueAt } from '../../../../controller/manifest.ts'
import { refOf } from '../../look/live.ts'
import { controllerPlaces, imageVersionOf, lineOf } from '../../look/controller-place.ts'
import { defineCheck, found, skip, type Finding } from '../../check.ts'

export const versionsCheck = defineCheck({
  name: 'versions',
  section: 'fairway',
  title: 'this program, the controller and the waypoints are of one version',
  needs: ['Pod'],
  codes: {
    FW0204: {
      level: 'warning',
      title: 'The controller is of another version than this program',
      cause:
        'Versions differ in more than the last number. What this program says about the cluster is by its own rules, and the controller may have others.',
      cure: 'Use the version of this program that the cluster runs, or upgrade the chart.',
    },
    FW0205: {
      level: 'warning',
      title: 'A waypoint is of another version than the controller',
      cause:
        'A replica runs an image of another version than the controller: a roll-out is not over, or the image is set in the parameters of the Gateway or of its class.',
      cure: 'Wait for the roll-out, or take the image out of the parameters.',
    },
  },
  run: (mesh) => {
    const [leader] = controllerPlaces(mesh)
    const version = imageVersionOf(valueAt(leader?.pod, 'spec'))
    if (leader?.pod === undefined || version === undefined) return skip('the controller’s image tells no version')
    const { version: own } = mesh.settings
    const findings: Finding<'FW0204' | 'FW0205'>[] = []
    if (lineOf(own) !== lineOf(version)) {
      const message = `the controller is ${version}, this program ${own}`
      findings.push({ code: 'FW0204', object: refOf(leader.pod), message, next: 'fairway --version' })
    }
    for (const { pods, gateway, plan } of mesh.facts.waypoints) {
      const versions = new Set(pods.flatMap((pod) => imageVersionOf(valueAt(pod, 'spec')) ?? []))
      const others = [...versions].filter((one) => lineOf(one) !== lineOf(version))
      if (others.length === 0) continue
      const message = `replicas run ${others.join(', ')}, the controller is ${version}`
      const next = `kubectl rollout status deployment/${plan.objectName} -n ${plan.namespace}`
      findings.push({ code: 'FW0205', object: refOf(gateway), message, next })
    }
    return found(findings, version)
  },
})
