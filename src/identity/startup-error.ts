/**
 * Why the program cannot start, in words for the person who started it: what was tried, on what, what to do next.
 * Codes: `ECREDENTIALS` (files), `EDEVCA` (development CA).
 */
export class StartupError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'StartupError'
    this.code = code
  }
}
