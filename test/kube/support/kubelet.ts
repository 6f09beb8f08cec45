/** What a cluster does with the Deployment of a Gateway: a pod of it, here a process, and how it is. */
import { startProcess, type FairwayProcess } from '../../e2e/support/fairway-process.ts'
import type { Istiod } from '../../e2e/support/identity/istiod.ts'
import { eventually } from '../../e2e/support/eventually.ts'
import type { KubeServer } from '../../support/kube/kube-server.ts'
import { listAt, textAt, type Json, type JsonObject } from '../../support/kube/stand-in/json.ts'

export interface PodOptions {
  readonly server: KubeServer
  readonly istiod: Istiod
  readonly find: (kind: 'Deployment', namespace: string, name: string) => Promise<JsonObject | undefined>
  readonly namespace: string
  readonly name: string
  readonly address: string
}

/** Starts the container of a Deployment with its arguments and environment, as the account that it names. */
export const startPod = async (options: PodOptions): Promise<FairwayProcess> => {
  const { server, istiod, find, namespace, name, address } = options
  const deployment = await eventually(`Deployment ${name}`, () => find('Deployment', namespace, name))
  const spec = deployment['spec']
  const [container] = listAt(spec, 'template', 'spec', 'containers')
  const account = textAt(spec, 'template', 'spec', 'serviceAccountName')
  const token = await requestToken(server, namespace, account)
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': `${name}-${address}`,
    'metadata.namespace': namespace,
    'status.podIP': address,
    'spec.serviceAccountName': account,
    'spec.nodeName': 'node',
  }
  const env = Object.fromEntries(
    listAt(container, 'env').map((entry) => [
      textAt(entry, 'name'),
      textAt(entry, 'value') || (fields[textAt(entry, 'valueFrom', 'fieldRef', 'fieldPath')] ?? ''),
    ]),
  )
  const args = listAt(container, 'args').map(String)
  // Where the token, the roots and istiod are is what differs between a pod and a process of a test.
  const flags = [...istiod.flags, '--kubeconfig', server.kubeconfigWith(token), '--bind', address]
  return startProcess([...args, ...flags], { env: { ...env, ...istiod.env } })
}

const requestToken = async ({ ask }: KubeServer, namespace: string, account: string): Promise<string> => {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`
  const body: Json = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } }
  return textAt(await ask.good('POST', path, { body }), 'status', 'token')
}

/** Says how many replicas of a Deployment are ready. */
export const reportReady = async (
  { ask }: KubeServer,
  deployment: JsonObject,
  readyReplicas: number,
): Promise<void> => {
  const namespace = textAt(deployment, 'metadata', 'namespace')
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${textAt(deployment, 'metadata', 'name')}/status`
  const status = { replicas: readyReplicas, readyReplicas, availableReplicas: readyReplicas, observedGeneration: 1 }
  await ask.good('PATCH', path, { body: { status }, contentType: 'application/merge-patch+json' })
}
