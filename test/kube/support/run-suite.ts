/** Runs files of the suite in a network of their own, where pods have addresses that are not of the loopback range. */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { testReporters } from '../../../scripts/test-reporters.mjs'

export interface SuiteRun {
  readonly kind: 'real' | 'stand-in'
  readonly files: readonly string[]
  /** Whether the output is shown as it comes; else it is only given back. */
  readonly isShown: boolean
}

/**
 * `first` is what `npm test` has time for, `second` what stands in folders, `real` what takes more of a Kubernetes than the
 * stand-in is, `long` what takes minutes.
 */
export type SuitePart = 'first' | 'second' | 'real' | 'long'

export const suiteFiles = (...wanted: readonly SuitePart[]): readonly string[] =>
  globSync('test/kube/**/*.kube.ts', { cwd: root })
    .filter((file) => wanted.includes(partOf(file)))
    .toSorted()

const partOf = (file: string): SuitePart => {
  const [folder, ...rest] = file.split('/').slice(2)
  if (rest.length === 0) return 'first'
  return folder === 'long' || folder === 'real' ? folder : 'second'
}

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A network namespace is for root, or for whoever may make himself root of a user namespace. */
const unshare = process.getuid?.() === 0 ? ['unshare', '--net'] : ['unshare', '--user', '--map-root-user', '--net']
const setUp = 'ip link set lo up && ip route add local 10.77.0.0/16 dev lo'

/** Whether there can be such a network. */
const hasNetwork = (): boolean => {
  const [program, ...args] = [...unshare, 'sh', '-c', setUp]
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

/** Runs the files with node:test; whether all went well, and what was printed if it was not shown. */
export const runSuite = ({ kind, files, isShown }: SuiteRun): { readonly isGood: boolean; readonly output: string } => {
  const isOwn = hasNetwork()
  const wrapper = isOwn ? [...unshare, 'sh', '-c', `${setUp} && exec "$0" "$@"`] : []
  // Stand-ins are so quick to start that processes of their own would be most of the time.
  const isolation = kind === 'real' ? '--test-concurrency=1' : '--test-isolation=none'
  const reporters = testReporters(isShown && process.stdout.isTTY)
  const node = [process.execPath, '--test', isolation, '--test-timeout=600000', ...reporters, ...files]
  const [program = '', ...args] = [...wrapper, ...node]
  // A node:test below another one would report to it instead of printing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', isShown ? 'inherit' : 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
    env: { ...env, FAIRWAY_KUBE: kind, ...(isOwn ? { FAIRWAY_KUBE_NETWORK: '10.77' } : {}) },
  })
  return { isGood: status === 0, output: stdout ?? '' }
}
