/** Who wrote what, in an object that several write (server-side apply). */
import type { KubeJson } from '../../kube/client.ts'
import { listAt, textAt, valueAt } from '../../controller/manifest.ts'

/** As whom the command line writes. */
export const CLI_MANAGER = 'fairway-cli'

/** Whether the command line has applied a field, as `['metadata', 'labels', 'istio.io/use-waypoint']`. */
export const isWrittenByUs = (live: KubeJson, path: readonly string[]): boolean =>
  entriesOf(live).some((entry) => isApplyOfOurs(entry) && hasField(entry, path))

/** Who else wrote a field; empty where nobody did, or nobody was written down. */
export const otherWriters = (live: KubeJson, path: readonly string[]): readonly string[] => [
  ...new Set(
    entriesOf(live)
      .filter((entry) => !isApplyOfOurs(entry) && hasField(entry, path))
      .map((entry) => textAt(entry, 'manager')),
  ),
]

const entriesOf = (live: KubeJson): readonly unknown[] => listAt(live, 'metadata', 'managedFields')

const isApplyOfOurs = (entry: unknown): boolean =>
  textAt(entry, 'manager') === CLI_MANAGER && textAt(entry, 'operation') === 'Apply'

const hasField = (entry: unknown, path: readonly string[]): boolean =>
  valueAt(entry, 'fieldsV1', ...path.map((key) => `f:${key}`)) !== undefined
