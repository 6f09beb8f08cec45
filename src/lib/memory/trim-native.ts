/** What is used of Node's calls into C libraries, which is an experiment of Node's and has no types yet. */
interface ForeignFunctions {
  readonly dlopen: (
    path: string,
    functions: Readonly<Record<string, { readonly arguments: readonly string[]; readonly return: string }>>,
  ) => {
    readonly lib: { readonly close: () => void }
    readonly functions: Readonly<Record<string, (...values: readonly bigint[]) => number>>
  }
}

/**
 * Gives pages back to the system that lie free between others in glibc's heap (docs/decisions/0055): by itself it gives back
 * no more than what is free at its end, and what a start leaves behind lies in the middle. Takes some milliseconds, in which
 * no thread gets memory from there. Whether there was anything to give back; `undefined` where there is no such function,
 * with another libc or system, or another Node.
 */
export const trimNativeHeap = (): boolean | undefined => {
  try {
    // The types of Node do not know it yet.
    const ffi = process.getBuiltinModule('node:ffi') as unknown as ForeignFunctions | undefined
    if (ffi === undefined || process.platform !== 'linux') return undefined
    const { lib, functions } = ffi.dlopen('libc.so.6', { malloc_trim: { arguments: ['uint64'], return: 'int32' } })
    try {
      return functions['malloc_trim']?.(0n) === 1
    } finally {
      lib.close()
    }
  } catch {
    return undefined
  }
}
