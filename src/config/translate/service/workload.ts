import { decodeSpiffeId, formatSpiffeId, type SpiffeId } from '../../../model/identity.ts'
import type { Workload } from '../../../model/endpoint.ts'
import type { PodObject } from '../../objects/pod.ts'

/** Who runs in a Pod, with Istio's rules for canonical names; facts that are not there are left out. */
export const workloadOf = (pod: PodObject, clusterId: string | undefined): Workload => {
  const { metadata, serviceAccount } = pod
  const { labels, namespace } = metadata
  const name = workloadNameOf(pod)
  const { app, version } = labels
  return {
    uid: metadata.uid ?? `${namespace}/${metadata.name}`,
    name,
    namespace,
    serviceAccount,
    canonicalName: labels['service.istio.io/canonical-name'] ?? labels['app.kubernetes.io/name'] ?? app ?? name,
    canonicalRevision:
      labels['service.istio.io/canonical-revision'] ?? labels['app.kubernetes.io/version'] ?? version ?? 'latest',
    ...(app === undefined ? {} : { app }),
    ...(version === undefined ? {} : { version }),
    ...(clusterId === undefined ? {} : { cluster: clusterId }),
  }
}

/** The identity that the Pod's endpoint has to present; `undefined` when its parts make no SPIFFE ID. */
export const identityOf = ({ metadata, serviceAccount }: PodObject, trustDomain: string): SpiffeId | undefined =>
  decodeSpiffeId(formatSpiffeId({ trustDomain, namespace: metadata.namespace, serviceAccount }))

/** Whether the Pod is reached by HBONE: ztunnel captures it, or it terminates tunnels itself. */
export const takesHbone = ({ metadata }: PodObject): boolean =>
  metadata.annotations['ambient.istio.io/redirection'] === 'enabled' ||
  metadata.labels['networking.istio.io/tunnel'] === 'http'

/** The Deployment (or other owner) behind a Pod: a ReplicaSet's name is the Deployment's and a hash. */
const workloadNameOf = ({ metadata }: PodObject): string => {
  const owner = metadata.owners[0]
  const hash = metadata.labels['pod-template-hash']
  if (owner?.kind === 'ReplicaSet') return stripSuffix(owner.name, hash)
  // A CronJob names its Jobs after itself and the minute of their start.
  if (owner?.kind === 'Job') return owner.name.replace(/-\d{8,}$/, '')
  if (owner !== undefined) return owner.name
  // A file may show a Pod without its owner; the hash still tells where the Deployment's name ends.
  const end = hash === undefined ? -1 : metadata.name.lastIndexOf(`-${hash}-`)
  return end > 0 ? metadata.name.slice(0, end) : metadata.name
}

const stripSuffix = (name: string, hash: string | undefined): string =>
  hash !== undefined && name.endsWith(`-${hash}`) ? name.slice(0, -hash.length - 1) : name
