/** Programs of the kernel's classic packet filter (cBPF), for `tc filter … bpf direct-action bytecode`: what is not to arrive. */

/** Which packets are dropped: all, those of some addresses, or so many of a hundred by chance. IPv4; the rest passes. */
export type Drop =
  | { readonly kind: 'all' }
  | { readonly kind: 'addresses'; readonly end: 'source' | 'destination'; readonly addresses: readonly string[] }
  | { readonly kind: 'share'; readonly percent: number }

/** An instruction; jumps count from the next one. */
type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number]

// What linux/filter.h and linux/bpf_common.h call them.
const LOAD_WORD = 0x20
const LOAD_HALF = 0x28
const JUMP_EQUAL = 0x15
const JUMP_GREATER = 0x25
const RETURN = 0x06
/** Loads from here on are facts about the packet and not its bytes (`SKF_AD_OFF`). */
const FACTS = 0xffff_f000
const PROTOCOL = FACTS
const RANDOM = FACTS + 56
/** The IP header (`SKF_NET_OFF`), and where its addresses are in it. */
const IP_HEADER = 0xfff0_0000
const addressOffsets = { source: 12, destination: 16 }
const IPV4 = 0x0800
// What tc makes of the value (`TC_ACT_OK`, `TC_ACT_SHOT`).
const PASS: Instruction = [RETURN, 0, 0, 0]
const SHOT: Instruction = [RETURN, 0, 0, 2]

/** The program in tc's notation: the number of instructions, and each of them. */
export const formatProgram = (drop: Drop): string => {
  const found = conditionOf(drop)
  // ARP has to pass: whom nobody finds is unreachable, and that is something else than silent.
  const program = [[LOAD_HALF, 0, 0, PROTOCOL], [JUMP_EQUAL, 0, found.length + 1, IPV4], ...found, SHOT, PASS]
  return [program.length, ...program.map((instruction) => instruction.join(' '))].join(',')
}

/** Instructions that go on with the one behind them for what is dropped, and otherwise with the one after that. */
const conditionOf = (drop: Drop): readonly Instruction[] => {
  switch (drop.kind) {
    case 'all':
      return []
    case 'share': {
      if (!(drop.percent > 0 && drop.percent <= 100)) throw new RangeError(`${drop.percent} % of packets`)
      const highest = Math.round((drop.percent / 100) * 2 ** 32) - 1
      return [
        [LOAD_WORD, 0, 0, RANDOM],
        [JUMP_GREATER, 1, 0, highest],
      ]
    }
    case 'addresses': {
      const { end, addresses } = drop
      const tests = addresses.map((address, index): Instruction => {
        const left = addresses.length - index - 1
        return [JUMP_EQUAL, left, left === 0 ? 1 : 0, numberOf(address)]
      })
      return [[LOAD_WORD, 0, 0, IP_HEADER + addressOffsets[end]], ...tests]
    }
  }
}

const numberOf = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
