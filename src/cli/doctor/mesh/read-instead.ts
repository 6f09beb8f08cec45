import { CONTROLLER_NAME } from '../../../config/status/kube-status.ts'
import { CLASS_NAME } from '../../../controller/pass/run-pass.ts'
import { kubeResources, type KubeResource } from '../../../kube/resources.ts'
import { getObjects, listObjects, type ListerOptions } from './lister.ts'
import type { Reading } from './reading.ts'

/**
 * What somebody who may read some namespaces only can read instead of what is the cluster's: those Namespaces one by one,
 * and their Gateways. Of classes nothing: the one that the chart makes is taken to be as it should, for what depends on it;
 * whoever looks at classes themselves still learns that they may not be read.
 */
export const readInstead = async (
  readings: Map<string, Reading>,
  scope: readonly string[],
  { resource, ...lister }: ListerOptions & { readonly resource: KubeResource | undefined },
): Promise<void> => {
  if (readings.get('Namespace')?.state === 'refused') {
    const names = scope.map((name) => ({ name }))
    readings.set('Namespace', await getObjects(kubeResources.Namespace, names, lister))
  }
  if (readings.get('Gateway')?.state === 'refused' && resource !== undefined) {
    const places = scope.map((namespace) => ({ namespace }))
    readings.set('Gateway', await listObjects(resource, places, lister))
  }
  const classes = readings.get('GatewayClass')
  if (classes?.state === 'refused') readings.set('GatewayClass', { ...classes, objects: [assumedClass] })
}

const assumedClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: CLASS_NAME },
  spec: { controllerName: CONTROLLER_NAME },
}
