import { MAX_TOLD_CHARS, type JoinSiblings, type SiblingUser } from '../env/siblings.ts'

/**
 * Siblings without processes: each filter whose environment has it as `joinSiblings` is one of them. `deliver` says when what
 * was told is heard; default: at once.
 */
export const createFakeSiblings = (count = 2, deliver: (run: () => void) => void = (run) => run()): JoinSiblings => {
  const members: SiblingUser[] = []
  return (user) => {
    const [eldest] = members
    members.push(user)
    deliver(() => {
      for (const text of eldest?.greet?.() ?? []) deliver(() => user.hear(text))
    })
    return {
      count,
      tell: async (text) => {
        if (text.length > MAX_TOLD_CHARS) throw new RangeError(`${text.length} characters: at most ${MAX_TOLD_CHARS}`)
        const others = members.filter((other) => other !== user)
        deliver(() => {
          for (const other of others) other.hear(text)
        })
      },
    }
  }
}
