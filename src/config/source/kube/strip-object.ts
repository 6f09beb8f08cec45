import type { KubeJson } from '../../../kube/client.ts'

/** Written by kubectl: the whole object once more. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * An object without what nobody here asks for, which is most of its metadata: who owns which field alone is as long as the
 * object. What decides anything stays.
 */
export const stripObject = (object: KubeJson, kind: string): KubeJson => {
  const { status, metadata, ...rest } = object
  const { managedFields: _managed, finalizers: _finalizers, ...kept } = metadata
  switch (kind) {
    case 'Pod':
      return { ...rest, status, metadata: { ...kept, annotations: pick(kept.annotations, isOfMesh) } }
    case 'EndpointSlice': {
      const { name, namespace, labels } = kept
      const service = { labels: pick(labels, (label) => label === 'kubernetes.io/service-name') }
      return { ...rest, metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...service } }
    }
    default: {
      const { ownerReferences: _owners, uid: _uid, ...others } = kept
      return { ...rest, metadata: { ...others, annotations: pick(others.annotations, (name) => name !== lastApplied) } }
    }
  }
}

/** There are many others on Pods, and some are long. */
const isOfMesh = (name: string): boolean => /(?:^|\.)istio\.io\//.test(name)

const pick = (
  values: Readonly<Record<string, string>> | undefined,
  isKept: (name: string) => boolean,
): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(values ?? {}).filter(([name]) => isKept(name)))
