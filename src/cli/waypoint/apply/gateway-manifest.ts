import { canBeName, kubeResources, apiVersionOf } from '../../../kube/resources.ts'
import type { KubeJson } from '../../../kube/client.ts'
import { usageError } from '../../arguments.ts'

/** What `istio.io/waypoint-for` may say. */
export const trafficTypes = ['service', 'workload', 'all', 'none'] as const

/** What a Gateway is to be, as the flags say it. */
export interface GatewayWish {
  readonly name: string
  /** Not given: where it is applied. */
  readonly namespace: string | undefined
  readonly className: string
  /** Not given: as the class has it. */
  readonly trafficType: string | undefined
  readonly revision: string | undefined
}

/** The Gateway that becomes a waypoint, with exactly the fields that we want to own. */
export const gatewayManifest = ({ name, namespace, className, trafficType, revision }: GatewayWish): KubeJson => {
  const labels = {
    ...(trafficType === undefined ? {} : { [WAYPOINT_FOR]: trafficType }),
    ...(revision === undefined ? {} : { [REVISION]: revision }),
  }
  return {
    apiVersion: apiVersionOf(kubeResources.Gateway),
    kind: 'Gateway',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    },
    spec: { gatewayClassName: className, listeners: [{ name: 'mesh', port: 15_008, protocol: 'HBONE' }] },
  }
}

/** Istio's labels of waypoints. */
export const WAYPOINT_FOR = 'istio.io/waypoint-for'
export const REVISION = 'istio.io/rev'

/** A name for a Gateway; throws `CliError` (64) for what cannot be one. */
export const decodeGatewayName = (flag: string, text: string): string => {
  if (text === 'none') {
    throw usageError(
      `--${flag} none: a Gateway of that name cannot be used`,
      'label istio.io/use-waypoint=none is a no',
    )
  }
  if (canBeName(text) && text.length <= MAX_NAME) return text
  throw usageError(
    `--${flag} ${JSON.stringify(text)} is no name: at most ${MAX_NAME} of lower case letters, digits, "-" and "."`,
  )
}

/** It has to stand in labels, too. */
const MAX_NAME = 63

/** A value for a label; throws `CliError` (64) for what cannot be one. */
export const decodeLabelValue = (flag: string, text: string): string => {
  if (/^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(text)) return text
  throw usageError(
    `--${flag} ${JSON.stringify(text)} cannot be the value of a label: at most 63 letters, digits, "-", "_" and "."`,
  )
}
