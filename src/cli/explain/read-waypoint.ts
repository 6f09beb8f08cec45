/** What a waypoint of a cluster goes by: read as it reads it, by the rights of whoever asks. */
import { loadObjects, type LoadedSet } from '../../config/load-objects.ts'
import { withMeshConfig, type MeshSource } from '../../config/mesh-options.ts'
import type { ReadObject } from '../../config/objects/read-object.ts'
import { readObject } from '../../config/objects/read-object.ts'
import { refuseUnreadable } from '../../config/refuse-unreadable.ts'
import { formatTroubles } from '../../config/source/kube/format-troubles.ts'
import { openKubeSource, type KubeSource } from '../../config/source/kube/kube-source.ts'
import type { MeshFile } from '../../config/source/mesh-file.ts'
import type { ObjectSet } from '../../config/source/object-set.ts'
import type { TranslateOptions } from '../../config/translate/options.ts'
import { translate } from '../../config/translate/translate.ts'
import { standInSecrets } from '../../controller/conditions/stand-ins.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { KubeFailure } from '../../kube/failure.ts'
import { systemClock } from '../../lib/clock.ts'
import { escapeControl } from '../../lib/format-issue.ts'
import { exitCodes } from '../exit-codes.ts'
import { tryFilters, type LoadedModel } from '../offline/load-model.ts'
import { CliError } from '../verb.ts'

export interface WaypointToRead {
  readonly client: Pick<KubeClient, 'list' | 'watch' | 'served'>
  readonly gateway: { readonly namespace: string; readonly name: string }
  /** What its Deployment is called. */
  readonly deployment: string
  /** What its flags come to. */
  readonly options: TranslateOptions
  readonly mesh: MeshSource
  readonly istioNamespace: string
  /** The folder of the users' filters. */
  readonly filtersDir: string | undefined
  /** How long all of it may take. */
  readonly deadlineMs: number
  readonly signal: AbortSignal
}

/** What was read, and what it comes to. */
export interface ReadWaypoint extends LoadedModel {
  /** What could not be seen, a line each. */
  readonly gaps: readonly string[]
}

/** Where something cannot be seen that a waypoint does not serve without, no more comes however long one waits. */
const troubleMs = 1000

/**
 * Reads until everything is there that the translation asks for, and stops. Secrets are not read, here as by the controller:
 * those that filters refer to are taken to be there. Throws `CliError`, or `StartupError` for a MeshConfig that cannot be read.
 */
export const readWaypoint = async (wanted: WaypointToRead): Promise<ReadWaypoint> => {
  const { promise, resolve, reject } = Promise.withResolvers<Settled>()
  const { gateway, istioNamespace, deadlineMs, signal } = wanted
  const { client, failures } = noteFailures(wanted.client)
  let meshFile: MeshFile | undefined
  let cancelTrouble = (): void => {}
  const fail = (...why: readonly string[]): void => reject(refuse(wanted, why))
  const step = (source: KubeSource, set: ObjectSet<ReadObject>): void => {
    if (meshFile === undefined) return
    if (!meshFile.ok) return fail('the MeshConfig cannot be read')
    const options = withMeshConfig({ ...wanted.options, gateway }, meshFile, wanted.mesh).options
    const loaded = withStandIns(loadObjects(set.objects))
    const { wants } = translate(loaded.objects, options)
    if (source.want({ ...wants, secrets: [] })) resolve({ loaded, options })
  }
  const source: KubeSource = openKubeSource({
    client,
    gateway,
    istioNamespace,
    clock: systemClock,
    decode: readObject,
    onMesh: (file) => {
      meshFile = file
    },
    onSet: (set) => {
      try {
        step(source, set)
      } catch (error) {
        reject(error)
      }
    },
    onTroubles: (troubles) => {
      cancelTrouble()
      if (troubles.length > 0) cancelTrouble = systemClock.after(troubleMs, () => fail(...troubles))
    },
  })
  const cancelDeadline = systemClock.after(deadlineMs, () =>
    fail(`it took longer than ${deadlineMs} ms`, ...failures()),
  )
  const stop = (): void => fail('it was called off')
  signal.addEventListener('abort', stop, { once: true })
  try {
    const { loaded, options } = await promise
    const { model, conditions } = translate(loaded.objects, options, await tryFilters(wanted.filtersDir, loaded))
    return { loaded, model, conditions, gaps: [...failures(), ...secretsUnread(loaded)] }
  } catch (error) {
    if (meshFile?.ok === false) refuseUnreadable(meshFile.issues)
    throw error
  } finally {
    signal.removeEventListener('abort', stop)
    cancelDeadline()
    cancelTrouble()
    source.close()
  }
}

/** The same client, and what it could not list: what lasts is told of late, and here nobody waits. */
const noteFailures = (
  client: WaypointToRead['client'],
): { readonly client: WaypointToRead['client']; readonly failures: () => readonly string[] } => {
  const failed = new Map<string, KubeFailure>()
  return {
    client: {
      ...client,
      list: async (resource, query) => {
        const listed = await client.list(resource, query)
        const key = [resource.plural, query.namespace, query.fields].join(' ')
        if (listed.ok) failed.delete(key)
        else if (listed.failure.reason !== 'Aborted') failed.set(key, listed.failure)
        return listed
      },
    },
    failures: () => formatTroubles([...failed.values()]),
  }
}

interface Settled {
  readonly loaded: LoadedSet
  readonly options: TranslateOptions
}

const withStandIns = (loaded: LoadedSet): LoadedSet => ({
  ...loaded,
  objects: [...loaded.objects, ...standInSecrets(loaded.objects)],
})

const secretsUnread = ({ objects }: LoadedSet): readonly string[] =>
  objects.some(({ read }) => read.state === 'typed' && read.object.kind === 'Secret')
    ? ['Secrets are not read: those that filters refer to are taken to be there, and in order']
    : []

const refuse = ({ gateway, deployment }: WaypointToRead, why: readonly string[]): CliError =>
  new CliError(
    why.some((one) => one.includes(': 403 ')) ? exitCodes.notPermitted : exitCodes.clusterUnreachable,
    `what waypoint ${gateway.namespace}/${gateway.name} goes by cannot be read:${why.map((one) => `\n  ${escapeControl(one)}`).join('')}`,
    { next: `the waypoint may: kubectl exec -n ${gateway.namespace} deploy/${deployment} -- fairway explain URL` },
  )
