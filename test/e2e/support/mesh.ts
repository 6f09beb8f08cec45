import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DevCa } from '../../../src/identity/ca/dev-ca.ts'
import { startDestination, type Destination, type DestinationOptions } from './destination.ts'
import { startFairway, type RunningFairway } from './fairway-process.ts'
import { dialWaypoint, tlsOf, type HboneClient } from './hbone-client.ts'
import { foundCa, issueTo, replaceFile, writeCertificates } from './mesh-certificates.ts'
import { formatObjects } from './objects.ts'

/** A folder, a CA and whatever was started in it; disposing of it ends all of that. */
export interface Mesh extends AsyncDisposable {
  readonly dir: string
  readonly ca: DevCa
  /** Folder with the waypoint's certificate. */
  readonly certs: string
  readonly objectsFile: string
  /** Replaces the objects in one step; a string stands as it is. */
  readonly write: (objects: readonly object[] | string) => void
  /** Starts a waypoint on the objects file, or on what `-f` among the flags names. */
  readonly startFairway: (
    workers: number,
    flags?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => Promise<RunningFairway>
  /** Starts a pod of the account `shop/NAME` (HBONE), or `NAME` without any (plaintext). */
  readonly startPod: (name: string, options: PodOptions) => Promise<Destination>
  /** Dials as `NAMESPACE/ACCOUNT`. */
  readonly dial: (fairway: RunningFairway, who?: string) => Promise<HboneClient>
}

export interface PodOptions extends Omit<DestinationOptions, 'credentials'> {
  /** Default: `hbone`. */
  readonly transport?: 'hbone' | 'plain'
  /** Default: `shop/NAME`. */
  readonly who?: string
}

/** Makes a mesh in a temporary folder; its CA is one of its own unless there is one already. */
export const createMesh = async (objects: readonly object[] | string, existingCa?: DevCa): Promise<Mesh> => {
  const dir = mkdtempSync(join(tmpdir(), 'fairway-e2e-'))
  const ca = existingCa ?? (await foundCa(dir))
  const certs = writeCertificates(join(dir, 'waypoint'), await issueTo(ca, 'shop/waypoint'))
  const objectsFile = join(dir, 'objects.yaml')
  const open = new AsyncDisposableStack()
  open.defer(() => rmSync(dir, { recursive: true, force: true }))
  const textOf = (content: readonly object[] | string): string =>
    typeof content === 'string' ? content : formatObjects(content)
  writeFileSync(objectsFile, textOf(objects))
  return {
    dir,
    ca,
    certs,
    objectsFile,
    write: (content) => replaceFile(objectsFile, textOf(content)),
    startFairway: async (workers, flags = [], env = {}) => {
      const files = flags.includes('-f') ? [] : [objectsFile]
      return open.use(await startFairway({ files, certs, workers, flags, process: { env } }))
    },
    startPod: async (name, { transport = 'hbone', who = `shop/${name}`, ...options }) => {
      const identity = transport === 'plain' ? {} : { credentials: await issueTo(ca, who) }
      return open.use(await startDestination(name, { ...options, ...identity }))
    },
    dial: async (fairway, who = 'shop/client') =>
      open.use(await dialWaypoint(fairway.addresses.hbone, tlsOf(await issueTo(ca, who)))),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}
