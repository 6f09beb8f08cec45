/**
 * Why the program cannot start, in words for the person who started it: what was tried, on what, what to do next.
 * Codes: `ECREDENTIALS` (certificate files), `EDEVCA` (development CA), `ESPIRE` (Workload API), `ELISTEN` (a port),
 * `ECONFIG` (files of objects), `EDESCRIPTORS` (the limit of open files), `EKUBE` (which cluster).
 */
export class StartupError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StartupError'
    this.code = code
  }
}
