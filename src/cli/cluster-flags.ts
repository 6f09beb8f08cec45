/** The flags of `fairway run` that say which cluster objects come from. */
import { resolve as resolvePath } from 'node:path'
import type { MeshOptions } from '../app/options.ts'
import type { ObjectPlace } from '../config/source/open-object-source.ts'
import { usageError, type FlagTable, type FlagValues } from './arguments.ts'
import { decodeIstioNamespace, istioNamespaceFlag } from './istio-namespace-flag.ts'
import { kubeFlags } from './kube-flags.ts'
import { winningFlags, type meshFlags } from './mesh-flags.ts'

export const clusterFlags = {
  kube: { type: 'boolean', help: 'take objects from a Kubernetes cluster, instead of files' },
  kubeconfig: { ...kubeFlags.kubeconfig, help: `with --kube; ${kubeFlags.kubeconfig.help}` },
  context: { ...kubeFlags.context, help: `with --kube; ${kubeFlags.context.help}` },
  'istio-namespace': {
    ...istioNamespaceFlag['istio-namespace'],
    help: `with --kube; ${istioNamespaceFlag['istio-namespace'].help}`,
  },
} as const satisfies FlagTable

type ClusterFlags = FlagValues<typeof clusterFlags>

/** What `--kube` comes to; throws `CliError` (64) when it is not clear what is to be read. */
export const decodeCluster = (
  { kubeconfig, context, 'istio-namespace': istioNamespace }: ClusterFlags,
  {
    files,
    gateway,
    cwd,
  }: { readonly files: readonly string[]; readonly gateway: MeshOptions['gateway']; readonly cwd: string },
): ObjectPlace => {
  if (files.length > 0) throw usageError('--kube and --file do not go together: objects come from the one or the other')
  if (gateway === undefined) {
    throw usageError(
      '--kube needs to know which Gateway this is',
      'name it with --gateway NS/NAME, or by GATEWAY_NAMESPACE and GATEWAY_NAME',
    )
  }
  return {
    kind: 'kube',
    kubeconfig: kubeconfig === undefined ? undefined : resolvePath(cwd, kubeconfig),
    context,
    gateway,
    istioNamespace: decodeIstioNamespace(istioNamespace),
  }
}

/** Throws `CliError` (64) for flags that mean nothing without `--kube`. */
export const refuseWithoutKube = ({ kubeconfig, context, 'istio-namespace': istioNamespace }: ClusterFlags): void => {
  if (istioNamespace !== undefined) throw usageError('--istio-namespace is of use with --kube only')
  if (kubeconfig !== undefined) throw usageError('--kubeconfig is of use with --kube only')
  if (context !== undefined) throw usageError('--context is of use with --kube only')
}

/** Istio's own MeshConfig, where no file is named. */
export const meshInCluster = (
  flags: FlagValues<typeof meshFlags> & ClusterFlags,
): NonNullable<MeshOptions['mesh']> => ({
  path: `ConfigMap ${decodeIstioNamespace(flags['istio-namespace'])}/istio`,
  isInCluster: true,
  flags: winningFlags(flags),
})
