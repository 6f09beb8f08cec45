import { kindApi } from '../../../../config/objects/kind-apis.ts'
import { textAt } from '../../../../controller/manifest.ts'
import { annotationsOf, nameOf } from '../../look/live.ts'
import type { Mesh } from '../../mesh/mesh.ts'
import { defineCheck, found, type Finding } from '../../check.ts'

const GROUP = 'gateway.networking.k8s.io'
/** Without these there are no waypoints. */
const needed = ['GatewayClass', 'Gateway', 'HTTPRoute', 'GRPCRoute', 'ReferenceGrant']
/** The channel `experimental` has them, or a later version. */
const further = ['TCPRoute', 'TLSRoute', 'BackendTLSPolicy']
const VERSION = `${GROUP}/bundle-version`

const install =
  'kubectl apply --server-side -f https://github.com/kubernetes-sigs/gateway-api/releases/latest/download/standard-install.yaml'

export const gatewayApiCheck = defineCheck({
  name: 'gateway-api',
  section: 'cluster',
  title: 'Gateway API is installed, in versions that are read',
  needs: [],
  codes: {
    FW0103: {
      level: 'error',
      title: 'Gateway API is not installed',
      cause:
        'A kind of Gateway API that waypoints are made of has no definition in the cluster: without Gateway and GatewayClass there is no waypoint, and without a kind of route nothing of that kind is in force.',
      cure: 'Install the standard channel of Gateway API, in version 1.2 or newer.',
    },
    FW0104: {
      level: 'error',
      title: 'Gateway API is served in versions that are not read',
      cause: 'The API server has a kind of Gateway API only in versions that this program does not read.',
      cure: 'Upgrade Gateway API, or this program, whichever is older.',
    },
    FW0105: {
      level: 'warning',
      title: 'Gateway API is of a version that is not known',
      cause:
        'The definitions of Gateway API say that they are of a version other than 1.x, or of different versions: somebody upgraded some of them. Fields that one side does not know are dropped without a word.',
      cure: 'Install all definitions of one release of Gateway API 1.x.',
    },
  },
  run: (mesh) => {
    const missing = needed.filter((kind) => mesh.served.get(`${kind}.${GROUP}`) === undefined)
    if (missing.length > 0) {
      const message = `${missing.join(', ')} of ${GROUP} ${missing.length === 1 ? 'is' : 'are'} not there`
      return found([{ code: 'FW0103', message, next: install }])
    }
    const unread = [...needed, ...further].flatMap((kind): readonly Finding<'FW0104'>[] => {
      const served = mesh.served.get(`${kind}.${GROUP}`)
      const versions: readonly string[] = kindApi(kind)?.versions ?? []
      if (served === undefined || served.some((version) => versions.includes(version))) return []
      const message = `${kind} is served as ${served.join(', ')}, expected one of ${versions.join(', ')}`
      return [{ code: 'FW0104', message, next: `kubectl api-resources --api-group=${GROUP}` }]
    })
    const bundles = bundlesOf(mesh)
    return found([...unread, ...judgeBundles(bundles)], [...bundles.keys()].join(', ') || undefined)
  },
})

/** Names of definitions by the version that they say they are of. */
const bundlesOf = (mesh: Mesh): ReadonlyMap<string, readonly string[]> => {
  const bundles = new Map<string, string[]>()
  for (const definition of mesh.all('CustomResourceDefinition')) {
    const version = annotationsOf(definition)[VERSION]
    if (textAt(definition, 'spec', 'group') !== GROUP || version === undefined) continue
    bundles.set(version, [...(bundles.get(version) ?? []), nameOf(definition)])
  }
  return bundles
}

const judgeBundles = (bundles: ReadonlyMap<string, readonly string[]>): readonly Finding<'FW0105'>[] => {
  const next = `kubectl get crd -o custom-columns='NAME:.metadata.name,VERSION:.metadata.annotations.gateway\\.networking\\.k8s\\.io/bundle-version'`
  const unknown = [...bundles.keys()].filter((version) => !/^v1\.\d/.test(version))
  if (unknown.length > 0) {
    const message = `Gateway API ${unknown.join(', ')} is installed, expected v1.*`
    return [{ code: 'FW0105', message, next }]
  }
  if (bundles.size < 2) return []
  const told = Array.from(
    bundles,
    ([version, names]) => `${version} (${names.length === 1 ? names[0] : `${names.length} kinds`})`,
  )
  return [{ code: 'FW0105', message: `definitions of different versions are installed: ${told.join(', ')}`, next }]
}
