/** Below 0 when `a` is older than `b`, 0 when they are the same, above 0 when it is newer: `2.10` is newer than `2.9`. */
export const compareVersions = (a: string, b: string): number => {
  const [ours, theirs] = [a, b].map((version) => version.split('.').map(Number))
  for (let i = 0; i < Math.max(ours?.length ?? 0, theirs?.length ?? 0); i++) {
    const difference = (ours?.[i] ?? 0) - (theirs?.[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
