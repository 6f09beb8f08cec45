import type { Metadata } from '../metadata.ts'

/** The annotation of a policy that is asked, told of and not carried out. */
export const DRY_RUN = 'istio.io/dry-run'

/** What Istio's parser takes (Go's `strconv.ParseBool`). */
const YES: readonly string[] = ['1', 't', 'T', 'TRUE', 'true', 'True']
const NO: readonly string[] = ['0', 'f', 'F', 'FALSE', 'false', 'False']

/** What the annotation of a policy says; `undefined` for what is neither: Istio carries such a policy out. */
export const readDryRun = ({ annotations }: Pick<Metadata, 'annotations'>): boolean | undefined => {
  const written = annotations[DRY_RUN]
  if (written === undefined || NO.includes(written)) return false
  return YES.includes(written) ? true : undefined
}
