import type { FilterVersions } from './filter-version.ts'

/** Its environment's words for it, or a package, which may be handed the environment. */
const CALLING = /\b(?:fetch|dispatcher|mesh)\b|\brequire\(\s*['"`](?!\.|node:|fairway\/)/

/**
 * Whether the code of any filter in force could call a Service: then all of them have to be in the model, whoever that will
 * be. Code that does not even have the word pays nothing.
 */
export const mayCall = (versions: FilterVersions): boolean => {
  for (const { inForce } of versions.values()) {
    if (inForce !== undefined && Object.values(inForce.module.files).some((text) => CALLING.test(text))) return true
  }
  return false
}
