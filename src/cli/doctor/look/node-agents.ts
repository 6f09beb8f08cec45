import { textsAt, type LiveObject } from '../../../controller/manifest.ts'
import type { Mesh } from '../mesh/mesh.ts'

/** The DaemonSets of ztunnel, by what their Pods are found by: charts give them no label of their own. */
export const ztunnelsOf = (mesh: Mesh): readonly LiveObject[] => selecting(mesh, 'app', 'ztunnel')

/** The DaemonSets of Istio’s CNI. */
export const cniAgentsOf = (mesh: Mesh): readonly LiveObject[] => selecting(mesh, 'k8s-app', 'istio-cni-node')

const selecting = (mesh: Mesh, label: string, value: string): readonly LiveObject[] =>
  mesh.all('DaemonSet').filter((one) => textsAt(one, 'spec', 'selector', 'matchLabels')[label] === value)
