import type { VerbEntry } from './verb.ts'

/** The verbs there are, in the order of the help. Each is loaded when it is called: most need little of the program. */
export const verbs: readonly VerbEntry[] = [
  {
    name: 'request',
    summary: 'one HTTP request through a waypoint: the curl of HBONE',
    load: async () => (await import('./request.ts')).requestVerb,
  },
]
