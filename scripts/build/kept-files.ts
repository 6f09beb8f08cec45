/** Which files of an npm package a running program can have a use for. */

/** Folders at the top of packages that are for their makers and readers. Further down a name may mean something else. */
const FOLDERS =
  /^(?:tests?|__tests__|specs?|examples?|docs?|benchmarks?|bench|coverage|integration|fixtures|tap-snapshots|types|website)\//
const LEGAL = /(?:^|\/)(?:licen[cs]e|notice|copying|copyright|patents)[^/]*$/i
const HIDDEN = /(?:^|\/)\./
/** Sources, declarations, maps, pages, and what only tools read. */
const NAMES =
  /\.(?:[cm]?ts|map|md|markdown|flow|tsbuildinfo|html|png|svg|ico|sh|ya?ml|bnf|log)$|(?:^|\/)(?:CNAME|Makefile|tsconfig[^/]*\.json|eslint\.config\.[^/]*|[^/]*\.(?:test|spec)\.[cm]?js)$/

/** Whether `file`, by its path inside of a package, goes into the image. Licences always do. */
export const isKept = (file: string): boolean =>
  LEGAL.test(file) || !(FOLDERS.test(file) || HIDDEN.test(file) || NAMES.test(file))

/** Whether a package with these files has anything that can be run or read, and not only types. */
export const hasCode = (files: readonly string[]): boolean =>
  files.some((file) => file !== 'package.json' && !LEGAL.test(file))
