/** A namespace that sends its traffic through a waypoint, by label `istio.io/use-waypoint`. */
import { textsAt } from '../../../controller/manifest.ts'
import type { KubeClient, KubeJson } from '../../../kube/client.ts'
import { kubeResources } from '../../../kube/resources.ts'
import { apiError, formatMissingRight, isNotThere, missingRightOf } from '../../cluster/api-error.ts'
import { exitCodes } from '../../exit-codes.ts'
import { CliError } from '../../verb.ts'

export const USE_WAYPOINT = 'istio.io/use-waypoint'
export const USE_WAYPOINT_NAMESPACE = 'istio.io/use-waypoint-namespace'

/** The Gateway that a namespace's labels name. */
export interface Enrolled {
  readonly namespace: string
  readonly name: string
}

/** Which one that is; `undefined`: none is named. One that opts out names `none`. */
export const enrolledWith = (namespace: KubeJson): Enrolled | undefined => {
  const labels = textsAt(namespace, 'metadata', 'labels')
  const name = labels[USE_WAYPOINT]
  if (name === undefined || name === '') return undefined
  return { namespace: labels[USE_WAYPOINT_NAMESPACE] ?? namespace.metadata.name, name }
}

/**
 * Reads a namespace: as it is, or the warning that it may not be seen, which is an error where it has to be. Throws `CliError`
 * when it is not there.
 */
export const readNamespace = async (
  client: KubeClient,
  name: string,
  { isNeeded }: { readonly isNeeded: boolean },
): Promise<{ readonly object: KubeJson } | { readonly warning: string }> => {
  const found = await client.get(kubeResources.Namespace, { name })
  if (found.ok) return { object: found.value }
  const { failure } = found
  if (isNotThere(failure)) {
    throw new CliError(exitCodes.failure, `there is no namespace ${name}`, {
      next: `make it, in ambient mode: kubectl create namespace ${name} && kubectl label namespace ${name} istio.io/dataplane-mode=ambient`,
    })
  }
  const right = missingRightOf(failure)
  if (right === undefined || isNeeded) throw apiError(failure, `${isNeeded ? 'enrol' : 'read'} namespace ${name}`)
  return { warning: `${formatMissingRight(right)}: whether it is in ambient mode is not known` }
}

/**
 * The labels that send a namespace's traffic through a Gateway of its own; exactly what we want to own. Throws `CliError`
 * when it is enrolled with another one, unless that is meant.
 */
export const enrolmentOf = (
  namespace: KubeJson,
  gateway: Enrolled,
  { isOverwriting }: { readonly isOverwriting: boolean },
): KubeJson => {
  const there = enrolledWith(namespace)
  const isOther = there !== undefined && (there.name !== gateway.name || there.namespace !== gateway.namespace)
  if (isOther && !isOverwriting) {
    const { name } = namespace.metadata
    const what =
      there.name === 'none'
        ? 'opts out of waypoints'
        : `is enrolled with waypoint ${there.namespace}/${there.name} already`
    throw new CliError(exitCodes.failure, `namespace ${name} ${what} (label ${USE_WAYPOINT}): nothing was changed`, {
      next: '--overwrite enrols it with this one instead; without --enroll-namespace only the Gateway is applied',
    })
  }
  const hasNamespace = textsAt(namespace, 'metadata', 'labels')[USE_WAYPOINT_NAMESPACE] !== undefined
  return {
    metadata: {
      name: namespace.metadata.name,
      // It is not for us to take away what others wrote; with the own namespace in it, it says the same.
      labels: {
        [USE_WAYPOINT]: gateway.name,
        ...(hasNamespace ? { [USE_WAYPOINT_NAMESPACE]: gateway.namespace } : {}),
      },
    },
  }
}

/** What somebody should know who enrols a namespace; none where all is well. */
export const ambientWarning = (namespace: KubeJson): string | undefined => {
  const mode = textsAt(namespace, 'metadata', 'labels')['istio.io/dataplane-mode']
  if (mode === 'ambient') return undefined
  const { name } = namespace.metadata
  return `namespace ${name} is not in ambient mode (label istio.io/dataplane-mode${mode === undefined ? ' is not there' : ` is ${mode}`}): its Pods send nothing through a waypoint; kubectl label namespace ${name} istio.io/dataplane-mode=ambient`
}
