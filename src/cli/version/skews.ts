import { isKnownBundle, KNOWN_BUNDLES } from '../../controller/gateway-api.ts'
import type { ClusterVersions, DeployedVersion } from './cluster-versions.ts'
import type { ClientVersion } from './format-versions.ts'

/** What does not go together, a sentence each: what is there, what it means, what to do. Tags of images may say `v`. */
export const skewsOf = (
  client: ClientVersion,
  { gatewayApi, controllers, waypoints }: ClusterVersions,
): readonly string[] => {
  const skews: string[] = []
  if (gatewayApi === undefined) {
    skews.push('Gateway API is not installed, or does not say its version: without it there are no waypoints')
  } else if (!isKnownBundle(gatewayApi)) {
    skews.push(`Gateway API is ${gatewayApi}, expected ${KNOWN_BUNDLES}: fields that are newer are not understood`)
  }
  const controller = new Set(versionsOf(controllers))
  for (const version of controller) {
    if (version === plain(client.version)) continue
    skews.push(`the controller is ${version}, this program ${client.version}: use that version to change its waypoints`)
  }
  if (controller.size > 1) skews.push('there are controllers of several versions: each undoes what the other does')
  for (const waypoint of controller.size === 0 ? [] : waypoints) {
    const [version] = versionsOf([waypoint])
    if (version === undefined || controller.has(version)) continue
    skews.push(
      `waypoint ${waypoint.namespace}/${waypoint.gateway ?? waypoint.name} is ${version}, its controller ${[...controller].join(', ')}: its statuses may speak of what it does not do`,
    )
  }
  return skews
}

const versionsOf = (deployed: readonly DeployedVersion[]): readonly string[] =>
  deployed.flatMap(({ version }) => (version === undefined ? [] : [plain(version)]))

const plain = (version: string): string => version.replace(/^v(?=\d)/, '')
