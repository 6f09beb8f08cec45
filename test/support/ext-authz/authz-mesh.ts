import { formatEndpointKey } from '../../../src/model/endpoint.ts'
import type { Model } from '../../../src/model/model.ts'
import type { AuthorizationRule } from '../../../src/model/security/authorization.ts'
import type { ExternalAuthorization } from '../../../src/model/security/external-authorization.ts'
import { backendOf, routeOf, serviceOf } from '../models.ts'
import { Mesh, type MeshOptions } from '../mesh/mesh.ts'
import type { PodOptions } from '../mesh/pod.ts'

/** Asks Service `shop/authz` with what holds by default; parts replaced. */
export const settingsOf = (parts: Partial<ExternalAuthorization> = {}): ExternalAuthorization => {
  const { service, endpoints } = backendOf('authz')
  return {
    protocol: 'grpc',
    service,
    endpoints,
    timeoutMs: 2000,
    failOpen: false,
    statusOnError: 403,
    addedHeaders: [],
    answer: { toUpstream: [], toDownstreamOnAllow: [], toDownstreamOnDeny: 'all' },
    pathPrefix: '',
    ...parts,
  }
}

/** A rule that matches everything. */
export const everything: AuthorizationRule = { from: [], to: [], when: [] }

export interface AuthzMeshOptions extends MeshOptions {
  /** Where the provider listens; 0 for none. */
  readonly port: number
  readonly settings?: Partial<ExternalAuthorization>
  /** Of the CUSTOM policy; default: one that matches everything. */
  readonly rules?: readonly AuthorizationRule[]
  readonly pods?: readonly Partial<PodOptions>[]
}

/** A waypoint whose Service `shop/api` has a CUSTOM policy, and its provider in plaintext on this machine. */
export const startAuthzMesh = async (options: AuthzMeshOptions): Promise<Mesh> => {
  const mesh = await Mesh.start(options)
  mesh.apply(authzModel(mesh, options))
  return mesh
}

/** The model of such a mesh. */
export const authzModel = (mesh: Mesh, options: AuthzMeshOptions): Model => {
  const { port, settings, rules = [everything], rule } = options
  const routes = rule === undefined ? [] : [routeOf('api', [rule])]
  const base = mesh.model()
  return {
    ...base,
    routes,
    services: [serviceOf({ routes: routes.map(({ key }) => key) }, { authorizations: ['shop/ask'] })],
    authorizations: [{ key: 'shop/ask', action: 'CUSTOM', isDryRun: false, provider: 'authz', rules }],
    // No test waits for that long; a machine that stands still for a second or two shall not exceed it.
    providers: [{ key: 'authz', kind: 'usable', settings: settingsOf({ timeoutMs: 20_000, ...settings }) }],
    endpoints: [
      ...base.endpoints,
      {
        key: formatEndpointKey('shop', 'authz', 80),
        endpoints: port === 0 ? [] : [mesh.endpoint('127.0.0.1', { transport: 'plain', port })],
      },
    ],
  }
}
