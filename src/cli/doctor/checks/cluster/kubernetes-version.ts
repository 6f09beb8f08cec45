import { defineCheck, found } from '../../check.ts'

/** Pods of waypoints wait with a `sleep` before they end, which Kubernetes has from here on. */
const OLDEST = { major: 1, minor: 30 }

export const kubernetesVersionCheck = defineCheck({
  name: 'kubernetes-version',
  section: 'cluster',
  title: 'the API server answers, in a version that is known',
  needs: [],
  codes: {
    FW0101: {
      level: 'error',
      title: 'Kubernetes is too old',
      cause:
        'Pods of waypoints wait with a sleep action before they end, which Kubernetes has from 1.30 on. An older API server drops it, so that a replica that goes breaks connections, or refuses the Deployment.',
      cure: 'Upgrade the cluster to Kubernetes 1.30 or newer.',
    },
  },
  run: ({ server }) => {
    const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(server.version) ?? []
    const isOld =
      major !== undefined &&
      (Number(major) < OLDEST.major || (Number(major) === OLDEST.major && Number(minor) < OLDEST.minor))
    if (!isOld) return found([], `${server.version} at ${server.url}`)
    const message = `Kubernetes is ${server.version}, expected v${OLDEST.major}.${OLDEST.minor} or newer`
    return found([{ code: 'FW0101', message, next: 'kubectl version' }])
  },
})
