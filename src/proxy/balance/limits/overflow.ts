/** Why a connection is not made: its Service port has as many as it may. Nobody is to blame. */
export const overflow = { kind: 'overflow', message: 'the Service port has as many connections as it may' } as const
