/** Which release of Gateway API a cluster has: its definitions say so. */
import type { KubeClient } from '../kube/client.ts'
import type { KubeResult } from '../kube/failure.ts'
import { kubeResources } from '../kube/resources.ts'
import { textAt } from './manifest.ts'

/** Every release has this definition. */
const DEFINITION = 'gatewayclasses.gateway.networking.k8s.io'
const ANNOTATION = 'gateway.networking.k8s.io/bundle-version'
const known = /^v1\.[0-9]+(?:\.|-|$)/

/** The releases that are understood, for people. */
export const KNOWN_BUNDLES = 'v1.*'

/** Whether all that a release has is understood, as far as its number tells. */
export const isKnownBundle = (version: string): boolean => known.test(version)

/** The release (`v1.4.0`), or `''` where the definition does not say it; a failure where it cannot be read. */
export const readBundleVersion = async (
  client: Pick<KubeClient, 'get'>,
  signal?: AbortSignal,
): Promise<KubeResult<string>> => {
  const found = await client.get(kubeResources.CustomResourceDefinition, { name: DEFINITION }, signal)
  return found.ok ? { ok: true, value: textAt(found.value, 'metadata', 'annotations', ANNOTATION) } : found
}
