import { resolve } from 'node:path'
import { formatIssues, refuseUnreadable } from '../../config/refuse-unreadable.ts'
import { readFileSet } from '../../config/source/files.ts'
import type { SourcePosition } from '../../lib/decoded.ts'
import { isPlainObject } from '../../lib/schema.ts'
import { exitCodes } from '../exit-codes.ts'
import { briefly, placeBriefly } from '../offline/brief-places.ts'
import { CliError } from '../verb.ts'
import { waypointTest, type WaypointTest } from './waypoint-test.ts'

/** A test, and where it stands. */
export interface FoundTest extends WaypointTest {
  /** Seen from the folder that the user stands in. */
  readonly file: string
  /** Where a field of it stands. */
  readonly locate: (path: string) => SourcePosition | undefined
}

/**
 * The documents of kind WaypointTest among some files; objects beside them are left alone. Throws `StartupError` when a
 * file cannot be read, `CliError` (65) when a test is not well formed.
 */
export const readTests = (files: readonly string[], cwd: string): readonly FoundTest[] => {
  const paths = files.map((file) => resolve(cwd, file))
  const { objects, issues } = readFileSet(paths, (value) => ({ value }))
  refuseUnreadable(issues.map((issue) => placeBriefly(issue, cwd)))
  return objects
    .filter(({ read: { value } }) => isTest(value))
    .map((found) => {
      const file = briefly(found.file, cwd)
      const locate = (path: string): SourcePosition | undefined => {
        const position = found.locate(path)
        return position === undefined ? undefined : { ...position, file }
      }
      const decoded = waypointTest.decode(found.read.value, '')
      if (decoded.ok) return { ...decoded.value, file, locate }
      const placed = decoded.issues.map((issue) => {
        const position = locate(issue.path ?? '')
        return position === undefined ? issue : { ...issue, position }
      })
      throw new CliError(exitCodes.badInput, `a WaypointTest is not well formed:\n${formatIssues(placed)}`)
    })
}

/** A slip in its group or version is told of, and no reason to pass it over. */
const isTest = (value: unknown): boolean => isPlainObject(value) && value['kind'] === 'WaypointTest'
