/** An address of the example and the one that stands in for it, where the machine does not give the former. */
export interface Move {
  readonly from: string
  readonly to: string
}

/**
 * The example's objects with other pod addresses. Works on the text, document by document, so that comments and order
 * stay for whoever edits the copy; a slice whose address becomes IPv6 gets that `addressType`.
 */
export const moveAddresses = (yaml: string, moves: readonly Move[]): string => {
  const changed = moves.filter((move) => move.from !== move.to)
  if (changed.length === 0) return yaml
  return yaml
    .split(/^---$/m)
    .map((document) => moveInDocument(document, changed))
    .join('---')
}

const moveInDocument = (document: string, moves: readonly Move[]): string => {
  let isIpv6 = false
  // One pass, so that an address put in is never taken for one to be moved.
  const moved = document.replace(/(?<![\w.:])127(?:\.\d{1,3}){3}(?![\w.:])/g, (found) => {
    const move = moves.find(({ from }) => from === found)
    if (move === undefined) return found
    isIpv6 ||= move.to.includes(':')
    return move.to.includes(':') ? JSON.stringify(move.to) : move.to
  })
  return isIpv6 ? moved.replace(/^addressType: IPv4$/m, 'addressType: IPv6') : moved
}
