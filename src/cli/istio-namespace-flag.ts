/** The flag that says where Istio itself is. */
import { canBeName } from '../kube/resources.ts'
import { usageError, type FlagTable } from './arguments.ts'

const USUAL = 'istio-system'

export const istioNamespaceFlag = {
  'istio-namespace': {
    type: 'string',
    value: 'NAMESPACE',
    help: `where istiod and its MeshConfig are; default ${USUAL}`,
  },
} as const satisfies FlagTable

/** Throws `CliError` (64) for what is no name of a namespace. */
export const decodeIstioNamespace = (namespace = USUAL): string => {
  if (canBeName(namespace) && !namespace.includes('.')) return namespace
  throw usageError(`--istio-namespace ${JSON.stringify(namespace)} is no name of a namespace`)
}
