/** A function that has not returned, and the line that it is in. */
export interface StackFrame {
  /** Empty: not known. */
  readonly file: string
  readonly line: number
}

/** A filter by what its code is made of. */
export interface WatchedCode {
  /** Where it begins, below the folder of filters. */
  readonly entry: string
  /** What its files are called there, by their absolute paths. */
  readonly files: Readonly<Record<string, string>>
}

/** Whose code is running, and where: filters of one module cannot be told apart. */
export interface StackOwners<Filter> {
  readonly owners: readonly Filter[]
  /** `stamp.ts:12` */
  readonly location: string
}

/** Who owns the innermost function on a stack that anybody owns: what libraries do counts for who called them. */
export const ownersOfStack = <Filter extends { readonly code: WatchedCode | undefined }>(
  stack: readonly StackFrame[],
  filters: readonly Filter[],
): StackOwners<Filter> | undefined => {
  for (const { file, line } of stack) {
    const owners = filters.filter(({ code }) => code !== undefined && Object.hasOwn(code.files, file))
    const [name] = owners.flatMap(({ code }) => code?.files[file] ?? [])
    if (name !== undefined) return { owners, location: `${name}:${line}` }
  }
  return undefined
}
