/** For faults that nobody is told of: thrown on, to whoever has called. */
export const rethrow = (error: unknown): void => {
  throw error
}
