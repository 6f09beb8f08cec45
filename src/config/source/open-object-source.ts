import { systemClock } from '../../lib/clock.ts'
import type { Issue } from '../../lib/decoded.ts'
import type { ReadObject } from '../objects/read-object.ts'
import type { MeshFile } from './mesh-file.ts'
import type { ObjectSet } from './object-set.ts'
import type { SourceWants } from './kube/plan-watches.ts'

/** Where objects are. */
export type ObjectPlace =
  | {
      readonly kind: 'files'
      /** Files and folders. */
      readonly paths: readonly string[]
    }
  | {
      readonly kind: 'kube'
      /** A kubeconfig file; default: as kubectl finds it, or the account of the Pod. */
      readonly kubeconfig: string | undefined
      /** A context of it; default: the current one. */
      readonly context: string | undefined
      /** Which Gateway this process is: it decides what is read. */
      readonly gateway: { readonly namespace: string; readonly name: string }
      /** Where Istio's MeshConfig is. */
      readonly istioNamespace: string
    }

export interface ObjectSourceOptions {
  readonly place: ObjectPlace
  /** What is kept of an object. */
  readonly decode: (value: unknown) => ReadObject
  /** Called with each complete set. */
  readonly onSet: (set: ObjectSet<ReadObject>) => void
  /** Called after each look, whatever it found. */
  readonly onLook: () => void
  /** Gets the MeshConfig of the cluster; not given: it is not read. */
  readonly onMesh: ((mesh: MeshFile) => void) | undefined
  /** Gets what keeps a source from knowing more; none when all is well again. */
  readonly onTroubles: (troubles: readonly string[]) => void
  /** There will be no set. */
  readonly onRefused: (issues: readonly Issue[]) => void
}

export interface ObjectSource {
  /** Whether everything is there that the translation of the last set asked for; a set comes when it is. */
  readonly want: (wants: SourceWants) => boolean
}

/** Opens a source. Only what it needs is loaded: whoever reads files needs no client, and a cluster no parser of YAML. */
export const openObjectSource = async (options: ObjectSourceOptions): Promise<ObjectSource | undefined> => {
  const { place, decode, onSet, onLook } = options
  if (place.kind === 'kube') return openCluster(place, options)
  const { openFileSource } = await import('./files.ts')
  openFileSource({ paths: place.paths, decode, onLook, onSet })
  return undefined
}

const openCluster = async (
  { kubeconfig, context, gateway, istioNamespace }: Extract<ObjectPlace, { readonly kind: 'kube' }>,
  { decode, onSet, onLook, onMesh, onTroubles, onRefused }: ObjectSourceOptions,
): Promise<ObjectSource | undefined> => {
  const [{ connectKube }, { createKubeClient }, { openKubeSource }] = await Promise.all([
    import('../../kube/connect.ts'),
    import('../../kube/client.ts'),
    import('./kube/kube-source.ts'),
  ])
  const { env } = process
  const connected = await connectKube({ kubeconfig, context, env })
  if (!connected.ok) {
    onRefused([{ message: `--kube: ${connected.message}` }])
    return undefined
  }
  const client = createKubeClient(connected.connection, { env })
  return openKubeSource({
    client,
    gateway,
    istioNamespace,
    decode,
    onSet,
    onLook,
    onMesh,
    onTroubles,
    clock: systemClock,
  })
}
