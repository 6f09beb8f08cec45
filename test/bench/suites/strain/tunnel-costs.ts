/** What resident memory grew by with so many connections, and so many tunnels on all of them together. */
export interface Growth {
  readonly connections: number
  readonly tunnels: number
  readonly growthKb: number
}

/** Memory told apart. */
export interface Costs {
  readonly connectionKb: number
  readonly tunnelKb: number
  /** What neither explains: code that was compiled, memory that was needed once. */
  readonly restKb: number
}

/** Solves `growth = rest + connections × c + tunnels × t` for three measurements. */
export const solveCosts = (growths: readonly Growth[]): Costs => {
  const [first, second, third] = growths
  if (first === undefined || second === undefined || third === undefined) throw new Error('three growths are wanted')
  // Without the rest: two equations, by Cramer's rule.
  const c1 = second.connections - first.connections
  const t1 = second.tunnels - first.tunnels
  const g1 = second.growthKb - first.growthKb
  const c2 = third.connections - first.connections
  const t2 = third.tunnels - first.tunnels
  const g2 = third.growthKb - first.growthKb
  const determinant = c1 * t2 - c2 * t1
  if (determinant === 0) throw new Error('the three growths do not tell connections and tunnels apart')
  const connectionKb = (g1 * t2 - g2 * t1) / determinant
  const tunnelKb = (c1 * g2 - c2 * g1) / determinant
  const restKb = first.growthKb - first.connections * connectionKb - first.tunnels * tunnelKb
  return { connectionKb, tunnelKb, restKb }
}
