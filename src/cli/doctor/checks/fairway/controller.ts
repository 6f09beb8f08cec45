import { refOf } from '../../look/live.ts'
import { controllerPlaces } from '../../look/controller-place.ts'
import { defineCheck, found, type Finding } from '../../check.ts'

/** A leader renews every two seconds; a Lease may be held for longer than that after a pause. */
const SPARE_MS = 15_000

export const controllerCheck = defineCheck({
  name: 'controller',
  section: 'fairway',
  title: 'the controller runs, and leads',
  needs: ['Lease'],
  codes: {
    FW0201: {
      level: 'error',
      title: 'There is no controller',
      cause:
        'No namespace has the Lease fairway-controller, so that no controller has ever led here. Gateways of the class fairway-waypoint stay as they are: nobody makes their Deployments or says what became of routes.',
      cure: 'Install the chart, or start fairway controller.',
    },
    FW0202: {
      level: 'error',
      title: 'No controller leads',
      cause:
        'The Lease of the controller was not renewed for longer than it holds, or nobody holds it. Waypoints that are there go on with what they have; changes of Gateways and statuses are not carried out.',
      cure: 'Look at the controller’s Pods and their logs: they may be missing, crash, or be unable to reach the API server.',
    },
    FW0203: {
      level: 'warning',
      title: 'Several controllers lead',
      cause:
        'Leases of controllers are renewed in several namespaces. Each of them leads, and writes objects and statuses that the other one writes as well.',
      cure: 'Uninstall all installations but one.',
    },
  },
  run: (mesh) => {
    const places = controllerPlaces(mesh)
    const [first] = places
    if (first === undefined) {
      const message = 'no Lease fairway-controller in any namespace'
      return found([
        { code: 'FW0201', message, next: 'helm install fairway charts/fairway -n fairway-system --create-namespace' },
      ])
    }
    const leading = places.filter((place) => place.holder !== '' && place.silentMs < place.leaseMs + SPARE_MS)
    const [leader, ...others] = leading
    if (leader === undefined) {
      const { namespace, holder, silentMs, lease } = first
      const since = Number.isFinite(silentMs) ? ` for ${Math.round(silentMs / 1000)} s` : ''
      const message =
        holder === '' ? 'nobody holds the Lease of the controller' : `${holder}, who led, has been silent${since}`
      const next = `kubectl get pods -n ${namespace} -l app.kubernetes.io/name=fairway`
      return found([{ code: 'FW0202', object: refOf(lease), message, next }])
    }
    return found(
      others.map(({ lease, holder, namespace }): Finding<'FW0203'> => ({
        code: 'FW0203',
        object: refOf(lease),
        message: `${holder} leads here, and ${leader.holder} in ${leader.namespace}`,
        next: `helm list -n ${namespace}`,
      })),
      `${leader.namespace}/${leader.holder}`,
    )
  },
})
