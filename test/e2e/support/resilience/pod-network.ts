/** A network namespace for pods, whose firewall can make any of them vanish without a word. */
import { spawnSync } from 'node:child_process'

export interface PodNetwork extends Disposable {
  readonly namespace: string
  readonly addresses: readonly string[]
  /** From now on not a packet gets to the pod or away from it. */
  readonly drop: (address: string) => void
  /** Ends every `drop`. */
  readonly heal: () => void
}

const ip = (...args: readonly string[]): boolean => spawnSync('ip', args, { stdio: 'ignore' }).status === 0

/** Makes one with the addresses `10.231.SUBNET.3` and up, which we reach at once; `undefined` where that is not allowed. */
export const createPodNetwork = (subnet: number, count: number): PodNetwork | undefined => {
  const name = `fairway-${process.pid}-${subnet}`
  const [outside, inside] = [`fw${process.pid}o`, `fw${process.pid}i`]
  const addresses = Array.from({ length: count }, (_, index) => `10.231.${subnet}.${index + 3}`)
  const table = 'fairway'
  const nft = (rules: string): boolean =>
    spawnSync('ip', ['netns', 'exec', name, 'nft', '-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'ignore'] })
      .status === 0
  const remove = (): void => {
    // Its end of the pair goes with the namespace, and so does ours; but only when the last process in it has ended.
    ip('link', 'del', outside)
    ip('netns', 'del', name)
  }
  const isMade =
    ip('netns', 'add', name) &&
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name) &&
    ip('addr', 'add', `10.231.${subnet}.1/24`, 'dev', outside) &&
    ip('link', 'set', outside, 'up') &&
    ip('-n', name, 'link', 'set', 'lo', 'up') &&
    ip('-n', name, 'link', 'set', inside, 'up') &&
    addresses.every((address) => ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', inside)) &&
    nft(`
      add table inet ${table}
      add set inet ${table} dropped { type ipv4_addr; }
      add chain inet ${table} input { type filter hook input priority 0; }
      add chain inet ${table} output { type filter hook output priority 0; }
      add rule inet ${table} input ip daddr @dropped drop
      add rule inet ${table} output ip saddr @dropped drop`)
  if (!isMade) {
    remove()
    return undefined
  }
  const must = (isDone: boolean): void => {
    if (!isDone) throw new Error('nft did not do as it was told')
  }
  return {
    namespace: name,
    addresses,
    drop: (address) => must(nft(`add element inet ${table} dropped { ${address} }`)),
    heal: () => must(nft(`flush set inet ${table} dropped`)),
    [Symbol.dispose]: remove,
  }
}
