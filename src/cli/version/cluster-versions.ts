import { readBundleVersion } from '../../controller/gateway-api.ts'
import { listAt, MANAGED_BY, MANAGER, textAt, valueAt, type LiveObject } from '../../controller/manifest.ts'
import type { KubeClient } from '../../kube/client.ts'
import { kubeResources } from '../../kube/resources.ts'
import { demand, demandOrNone } from '../cluster/api-error.ts'

/** A Deployment of ours. */
export interface DeployedVersion {
  readonly namespace: string
  readonly name: string
  /** Of a waypoint: its Gateway. */
  readonly gateway?: string
  readonly image: string
  /** As the Deployment says it; not given where it does not. */
  readonly version?: string
  readonly replicas: number
  readonly readyReplicas: number
  /** Whether some replicas are still those of another version of the Deployment. */
  readonly isRollingOut: boolean
}

export interface ClusterVersions {
  readonly server: string
  /** `v1.4.0`; not given where it is not installed, or does not say. */
  readonly gatewayApi?: string
  readonly controllers: readonly DeployedVersion[]
  readonly waypoints: readonly DeployedVersion[]
}

const CONTROLLERS = 'app.kubernetes.io/part-of=fairway,app.kubernetes.io/component=controller'
const GATEWAY = 'gateway.networking.k8s.io/gateway-name'
const WAYPOINTS = `${MANAGED_BY}=${MANAGER},${GATEWAY}`

/** Asks a cluster for all versions of ours, and for that of Gateway API. Throws `CliError`. */
export const askVersions = async (client: KubeClient): Promise<ClusterVersions> => {
  const gatewayApi = demandOrNone(await readBundleVersion(client), 'read the definitions of Gateway API')
  return {
    server: client.connection.server,
    ...(gatewayApi === undefined || gatewayApi === '' ? {} : { gatewayApi }),
    controllers: await listDeployments(client, CONTROLLERS),
    waypoints: await listDeployments(client, WAYPOINTS),
  }
}

const listDeployments = async (client: KubeClient, labels: string): Promise<readonly DeployedVersion[]> => {
  const found: DeployedVersion[] = []
  const onItem = (item: LiveObject): void => void found.push(deployedVersion(item))
  demand(await client.list(kubeResources.Deployment, { labels, onItem }), 'list the Deployments of all namespaces')
  return found.toSorted((a, b) => compare(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`))
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** What a live Deployment says. Exported for its test. */
export const deployedVersion = (live: LiveObject): DeployedVersion => {
  const image = textAt(ourContainer(live), 'image')
  const version = textAt(live, 'metadata', 'labels', 'app.kubernetes.io/version') || tagOf(image)
  const gateway = textAt(live, 'metadata', 'labels', GATEWAY)
  const replicas = numberAt(live, 'status', 'replicas')
  return {
    namespace: textAt(live, 'metadata', 'namespace'),
    name: textAt(live, 'metadata', 'name'),
    ...(gateway === '' ? {} : { gateway }),
    image,
    ...(version === '' ? {} : { version }),
    replicas,
    readyReplicas: numberAt(live, 'status', 'readyReplicas'),
    isRollingOut:
      numberAt(live, 'status', 'observedGeneration') < numberAt(live, 'metadata', 'generation') ||
      numberAt(live, 'status', 'updatedReplicas') < replicas,
  }
}

/** Others may have put theirs beside it. */
const ourContainer = (live: LiveObject): unknown => {
  const containers = listAt(live, 'spec', 'template', 'spec', 'containers')
  return containers.find((container) => ['fairway', 'controller'].includes(textAt(container, 'name'))) ?? containers[0]
}

const numberAt = (live: LiveObject, ...path: readonly string[]): number => {
  const value = valueAt(live, ...path)
  return typeof value === 'number' ? value : 0
}

/** `0.1.0` of `registry:5000/fairway:0.1.0@sha256:…`; `''` without a tag. The port of a registry is none. */
const tagOf = (image: string): string => /:([^:/@]+)$/.exec(image.replace(/@.*$/, ''))?.[1] ?? ''
