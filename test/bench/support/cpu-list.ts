/** The CPUs of a list as Linux writes it, `0,2-3`, in order. */
export const parseCpuList = (text: string): readonly number[] =>
  text.split(',').flatMap((range) => {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
    if (from === undefined) return []
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i)
  })

/** The CPU of each side, of those in a list; `undefined` where it has not one for each. */
export const sideCpus = (list: string): { readonly proxy: number; readonly surroundings: number } | undefined => {
  const [proxy, surroundings] = parseCpuList(list)
  return proxy === undefined || surroundings === undefined ? undefined : { proxy, surroundings }
}
