/** What of a node of V8's sampling heap profile matters here. */
export interface SampledNode {
  readonly callFrame: { readonly url: string; readonly lineNumber: number }
  /** Bytes alive that were allocated right here. */
  readonly selfSize: number
  readonly children: readonly SampledNode[]
}

export interface HeapOwner {
  readonly owner: string
  readonly bytes: number
  /** Of all owners and of nobody. */
  readonly allBytes: number
  /** `stamp.ts:12`, where most of it was made. */
  readonly location: string
}

/** A file that has an owner, and what the file is called there. */
export interface OwnedFile {
  readonly owner: string
  readonly file: string
}

/**
 * Whose code most of what is alive was allocated by: an object belongs to the innermost function on its stack that
 * somebody owns, so that what libraries allocate counts for who called them.
 */
export const heaviestOwner = (
  head: SampledNode,
  ownerOf: (file: string) => OwnedFile | undefined,
): HeapOwner | undefined => {
  const places = new Map<string, Map<string, number>>()
  let allBytes = 0
  const visit = (node: SampledNode, inherited: (OwnedFile & { readonly line: number }) | undefined): void => {
    const { url, lineNumber } = node.callFrame
    const own = url === '' ? undefined : ownerOf(url.replace(/^file:\/\//, ''))
    const place = own === undefined ? inherited : { ...own, line: lineNumber + 1 }
    allBytes += node.selfSize
    if (place !== undefined && node.selfSize > 0) {
      const lines = places.get(place.owner) ?? new Map<string, number>()
      const at = `${place.file}:${place.line}`
      places.set(place.owner, lines.set(at, (lines.get(at) ?? 0) + node.selfSize))
    }
    for (const child of node.children) visit(child, place)
  }
  visit(head, undefined)
  const owners = Array.from(places, ([owner, lines]): HeapOwner => {
    const [heaviest] = [...lines].toSorted((a, b) => b[1] - a[1])
    const location = heaviest?.[0] ?? ''
    return { owner, allBytes, location, bytes: [...lines.values()].reduce((sum, bytes) => sum + bytes, 0) }
  })
  return owners.toSorted((a, b) => b.bytes - a.bytes)[0]
}
