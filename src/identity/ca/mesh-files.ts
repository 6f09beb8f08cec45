import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Issue } from '../../lib/decoded.ts'
import { errorCode } from '../../lib/errors/error-code.ts'
import { readCertificates } from '../decode-credentials.ts'
import { WatchedFolder } from '../files/watched-folder.ts'
import type { SourceParts } from '../source-parts.ts'
import type { IstiodSettings } from './istiod-settings.ts'

/** What the mesh's operator mounts beside what the CA says; `undefined`: there is no such file. */
export interface MeshTexts {
  readonly rootsPem: string | undefined
  readonly crlPem: string | undefined
}

export type MeshFilesOptions = Pick<SourceParts, 'clock' | 'log'> & Pick<IstiodSettings, 'meshRootsPath' | 'crlPath'>

/** The mounted roots and revocation lists, as they were when they could last be used. */
export class MeshFiles {
  readonly #options: MeshFilesOptions
  #folders: readonly WatchedFolder[] = []
  #texts: MeshTexts = { rootsPem: undefined, crlPem: undefined }
  #lastComplaint = ''

  constructor(options: MeshFilesOptions) {
    this.#options = options
  }

  /** Reads them anew; the same object when nothing has changed. Roots that cannot be used leave those before them. */
  async read(): Promise<MeshTexts> {
    const { meshRootsPath, crlPath } = this.#options
    const complaints: string[] = []
    const before = this.#texts
    const rootsPem = (await readText(meshRootsPath, before.rootsPem, complaints)) ?? before.rootsPem
    const isGood =
      rootsPem === undefined || rootsPem === before.rootsPem || areRoots(rootsPem, meshRootsPath, complaints)
    const crlPem = await readText(crlPath, before.crlPem, complaints)
    this.#complain(complaints)
    const texts = { rootsPem: isGood ? rootsPem : before.rootsPem, crlPem }
    if (texts.rootsPem !== before.rootsPem || texts.crlPem !== before.crlPem) this.#texts = texts
    return this.#texts
  }

  /** Has `look` called whenever they may have changed. Nothing is mounted into a pod that runs, so lists may be nowhere. */
  async watch(look: () => Promise<void>): Promise<void> {
    const { meshRootsPath, crlPath, clock, log } = this.#options
    const dirs = new Set(
      [meshRootsPath, ...(existsSync(dirname(crlPath)) ? [crlPath] : [])].map((path) => dirname(path)),
    )
    this.#folders = [...dirs].map((dir) => new WatchedFolder({ dir, clock, log, look }))
    await Promise.all(this.#folders.map((folder) => folder.open()))
  }

  close(): void {
    for (const folder of this.#folders) folder.close()
  }

  /** Once for each complaint: they are read again and again. */
  #complain(complaints: readonly string[]): void {
    const complaint = complaints.join('; ')
    if (complaint !== '' && complaint !== this.#lastComplaint) {
      this.#options.log.warn(`${complaint}; what was there before stays in force`)
    }
    this.#lastComplaint = complaint
  }
}

/** `undefined` when there is no such file, or nothing in it; `before` when it cannot be read. */
const readText = async (
  path: string,
  before: string | undefined,
  complaints: string[],
): Promise<string | undefined> => {
  try {
    const text = await readFile(path, 'utf8')
    return text.trim() === '' ? undefined : text
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    complaints.push(`${path} cannot be read (${error instanceof Error ? error.message : String(error)})`)
    return before
  }
}

const areRoots = (pem: string, path: string, complaints: string[]): boolean => {
  const issues: Issue[] = []
  const certificates = readCertificates(pem, path, issues)
  complaints.push(...issues.map(({ message }) => `${path}: ${message}`))
  return certificates !== undefined
}
