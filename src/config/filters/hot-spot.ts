import { isAbsolute, relative } from 'node:path'

/** A place in the files of a filter. */
export interface HotSpot {
  readonly file: string
  readonly line: number
}

/** The parts of a CPU profile of V8 that are looked at. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly url: string; readonly lineNumber: number }
  readonly hitCount?: number
  readonly children?: readonly number[]
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[]
}

/** Of all the time, from which on a filter is what took it. */
const LEAST_SHARE = 0.25

/** Where in the files below `root` the time went, by a profile; `undefined` when most of it went elsewhere. */
export const findHotSpot = ({ nodes }: CpuProfile, root: string): HotSpot | undefined => {
  const parents = new Map<number, ProfileNode>()
  for (const node of nodes) for (const child of node.children ?? []) parents.set(child, node)
  const ticks = new Map<string, { readonly spot: HotSpot; count: number }>()
  const add = (spot: HotSpot, count: number): void => {
    const key = `${spot.file}:${spot.line}`
    const known = ticks.get(key)
    if (known === undefined) ticks.set(key, { spot, count })
    else known.count += count
  }
  let all = 0
  for (const node of nodes) {
    const { hitCount = 0 } = node
    if (hitCount === 0) continue
    all += hitCount
    // What Node does for a filter is the filter's time.
    let owner: ProfileNode | undefined = node
    while (owner !== undefined && fileOf(owner, root) === undefined) owner = parents.get(owner.id)
    const file = owner === undefined ? undefined : fileOf(owner, root)
    if (owner === undefined || file === undefined) continue
    const lines = owner === node ? (node.positionTicks ?? []) : []
    for (const { line, ticks: count } of lines) add({ file, line }, count)
    if (lines.length === 0) add({ file, line: owner.callFrame.lineNumber + 1 }, hitCount)
  }
  const found = [...ticks.values()]
  const owned = found.reduce((sum, { count }) => sum + count, 0)
  if (owned < all * LEAST_SHARE) return undefined
  return found.toSorted((a, b) => b.count - a.count)[0]?.spot
}

const fileOf = ({ callFrame: { url } }: ProfileNode, root: string): string | undefined => {
  if (!url.startsWith('/')) return undefined
  const file = relative(root, url)
  return file.startsWith('..') || isAbsolute(file) || file.includes('node_modules') ? undefined : file
}
