/**
 * A network namespace for pods or clients, and a router between it and us in a namespace of its own, which loses what it
 * is told to lose and keeps to the rate that it is told: neither side hears of it. It takes root, `ip` and `tc`, whose
 * actions are the packet filter's verdict and a token bucket: netem is not in every kernel.
 */
import { spawnSync } from 'node:child_process'
import { formatProgram, type Drop } from './packet-filter.ts'

/** Towards the namespace, or from there to us. */
export type Direction = 'there' | 'back'

/** What is lost; both ways unless told otherwise. A new loss takes the place of the one before. */
export interface Loss {
  /** Default: all addresses of the namespace. */
  readonly addresses?: readonly string[]
  /** By chance, of all packets; default: every one. */
  readonly percent?: number
  readonly direction?: Direction
}

export interface Wire extends Disposable {
  readonly namespace: string
  /** Those in the namespace, which we reach at once. */
  readonly addresses: readonly string[]
  /** Ours, as it is reached from the namespace. */
  readonly here: string
  readonly lose: (loss: Loss) => void
  /** Keeps to so many bits per second, both ways; up to 100 ms wait for their turn and what does not fit is lost. */
  readonly slow: (bitsPerSecond: number) => void
  /** Ends every loss and limit. */
  readonly heal: () => void
}

const directions: readonly Direction[] = ['there', 'back']

const run = (command: 'ip' | 'tc', args: readonly string[]): string | undefined => {
  const { status, stderr, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  return status === 0 ? undefined : `${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`
}

const words = (line: string): readonly string[] => line.split(' ')

/** Makes one with the addresses `10.232.SUBNET.3` and up; `undefined` where that is not allowed, or not to be had. */
export const createWire = (subnet: number, count: number): Wire | undefined => {
  const far = `fairway-${process.pid}-${subnet}`
  const router = `${far}-wire`
  const outside = `fw${process.pid}o${subnet}`
  const here = `10.231.${subnet}.1`
  const addresses = Array.from({ length: count }, (_, index) => `10.232.${subnet}.${index + 3}`)
  const remove = (): void => {
    // The pair goes with its first end; a namespace goes when the last process in it has ended.
    for (const line of [`link del ${outside}`, `netns del ${router}`, `netns del ${far}`]) run('ip', words(line))
  }
  const steps = [
    `netns add ${router}`,
    `netns add ${far}`,
    // No packet may be larger on the way than one that is lost: a loss of one in a hundred is one of a hundred of 1,500 bytes.
    `link add ${outside} gso_max_segs 1 type veth peer name near gso_max_segs 1 netns ${router}`,
    `-n ${router} link add far gso_max_segs 1 type veth peer name inside gso_max_segs 1 netns ${far}`,
    `addr add ${here}/24 dev ${outside}`,
    `link set ${outside} up`,
    `-n ${router} addr add 10.231.${subnet}.2/24 dev near`,
    `-n ${router} link set near up`,
    `-n ${router} addr add 10.232.${subnet}.1/24 dev far`,
    `-n ${router} link set far up`,
    `-n ${far} link set lo up`,
    `-n ${far} link set inside up`,
    ...addresses.map((address) => `-n ${far} addr add ${address}/24 dev inside`),
    `-n ${far} route add default via 10.232.${subnet}.1`,
    `route add 10.232.${subnet}.0/24 via 10.231.${subnet}.2`,
    `netns exec ${router} sysctl -q -w net.ipv4.ip_forward=1`,
  ]
  const isMade =
    steps.every((line) => run('ip', words(line)) === undefined) &&
    run('tc', words(`-n ${router} qdisc add dev far clsact`)) === undefined
  if (!isMade) {
    remove()
    return undefined
  }
  return { namespace: far, addresses, here, ...controlsOf(router), [Symbol.dispose]: remove }
}

/** What goes there is lost where it leaves the router, what comes back where it enters it. */
const controlsOf = (router: string): Pick<Wire, 'lose' | 'slow' | 'heal'> => {
  const hooks = { there: 'egress', back: 'ingress' }
  const rated = { there: 'far', back: 'near' }
  const tc = (line: string, ...more: readonly string[]): string | undefined =>
    run('tc', ['-n', router, ...words(line), ...more])
  const must = (problem: string | undefined): void => {
    if (problem !== undefined) throw new Error(problem)
  }
  const end = (): void => {
    // Where nothing was lost there is nothing to end.
    for (const direction of directions) tc(`filter del dev far ${hooks[direction]}`)
  }
  return {
    lose: ({ direction, ...loss }) => {
      end()
      for (const one of direction === undefined ? directions : [direction]) {
        const program = formatProgram(dropOf(loss, one))
        must(tc(`filter add dev far ${hooks[one]} bpf direct-action bytecode`, program))
      }
    },
    slow: (bitsPerSecond) => {
      for (const direction of directions) {
        must(tc(`qdisc replace dev ${rated[direction]} root tbf rate ${bitsPerSecond}bit burst 3kb latency 100ms`))
      }
    },
    heal: () => {
      end()
      for (const direction of directions) tc(`qdisc del dev ${rated[direction]} root`)
    },
  }
}

const dropOf = ({ addresses, percent }: Loss, direction: Direction): Drop => {
  if (percent !== undefined) return { kind: 'share', percent }
  if (addresses === undefined) return { kind: 'all' }
  return { kind: 'addresses', end: direction === 'there' ? 'destination' : 'source', addresses }
}
