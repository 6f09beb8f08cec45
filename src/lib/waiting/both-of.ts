/** Waits for both of what may have to be waited for; `undefined`: for neither. */
export const bothOf = (
  a: Promise<unknown> | undefined,
  b: Promise<unknown> | undefined,
): Promise<unknown> | undefined => (a === undefined ? b : b === undefined ? a : Promise.all([a, b]))
