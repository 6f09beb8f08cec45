import { chownSync, chmodSync, cpSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { runArguments, startProcess, untilReady, type RunningFairway } from '../../e2e/support/fairway-process.ts'
import { createMesh, type Mesh } from '../../e2e/support/mesh.ts'
import { gateway, service } from '../../e2e/support/objects.ts'
import { settleTree } from '../../../scripts/build/settle-tree.ts'
import { containerCommand, type Container } from './container.ts'

/** The Service of these meshes, by VIP and port. */
export const VIP = '10.96.0.10:80'

/** A mesh with one pod, and the folder that a container has as /config: objects.yaml, certs and what else is written there. */
export interface ImageMesh {
  readonly mesh: Mesh
  readonly config: string
}

/** `network`: the first three numbers of the pod's address. */
export const createImageMesh = async (network: string, objects: readonly object[] = []): Promise<ImageMesh> => {
  const endpoints = [{ address: `${network}.1`, port: 9080 }]
  const mesh = await createMesh([gateway, ...service({ name: 'api', vip: '10.96.0.10', endpoints }), ...objects])
  await mesh.startPod('api', { address: `${network}.1`, port: 9080 })
  const config = path.join(mesh.dir, 'config')
  mkdirSync(config)
  cpSync(mesh.objectsFile, path.join(config, 'objects.yaml'))
  cpSync(mesh.certs, path.join(config, 'certs'), { recursive: true })
  settleTree(config)
  // As a volume of Kubernetes has it: for the group of the container, which is told by fsGroup.
  const key = path.join(config, 'certs/key.pem')
  chownSync(key, 0, 1337)
  chmodSync(key, 0o640)
  return { mesh, config }
}

export interface ImageRun extends Omit<Container, 'config'> {
  readonly flags?: readonly string[]
  readonly workers?: number
}

/** `fairway run` in a container on the files of the mesh, when it is ready. */
export const startInContainer = async ({ mesh, config }: ImageMesh, run: ImageRun): Promise<RunningFairway> => {
  const { flags = [], workers = 1, ...container } = run
  const args = runArguments({ files: ['/config/objects.yaml'], certs: '/config/certs', workers, flags })
  return untilReady(startProcess(args, { command: containerCommand({ ...container, config }, mesh.dir) }))
}

export interface Usage {
  /** CPU time since it began, of all its threads: of the launcher too, which it was, and not of what set the container up. */
  readonly cpuMs: number
  readonly rssBytes: number
}

const TICKS_PER_MS = 0.1

/** What a process has taken up to now. */
export const usageOf = (pid: number): Usage => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name in parentheses may have spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 13).reduce((sum, field) => sum + Number(field), 0)
  const [, rss = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return { cpuMs: ticks / TICKS_PER_MS, rssBytes: Number(rss) * 1024 }
}
