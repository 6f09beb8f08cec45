/** The code of a system or Node error (`ENOENT`, `ERR_PARSE_ARGS_UNKNOWN_OPTION`); `undefined` for anything else. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
