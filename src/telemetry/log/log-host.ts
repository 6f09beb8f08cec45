import type { Source } from '../../filter/record.ts'
import type { LogHost } from './format/operator-facts.ts'

/** What formats may ask of this process. */
export const createLogHost = (of: Pick<LogHost, 'hostname' | 'environment'>): LogHost => {
  const ids = new WeakMap<Source, number>()
  let last = 0
  return {
    ...of,
    connectionId: ({ record: { source } }) => {
      const known = ids.get(source)
      if (known !== undefined) return known
      ids.set(source, ++last)
      return last
    },
  }
}
