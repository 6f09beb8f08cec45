import { isAbsolute, relative } from 'node:path'
import type { ReadObject } from '../../config/objects/read-object.ts'
import type { FileSet } from '../../config/source/files.ts'
import type { Issue } from '../../lib/decoded.ts'
import { isStandardInput } from './standard-input.ts'

/** Objects and issues with files below `cwd`, the folder that the user stands in, named from there. */
export const nameBriefly = ({ objects, issues }: FileSet<ReadObject>, cwd: string): FileSet<ReadObject> => ({
  objects: objects.map((found) => ({
    ...found,
    file: briefly(found.file, cwd),
    locate: (path: string) => {
      const position = found.locate(path)
      return position === undefined ? undefined : { ...position, file: briefly(position.file, cwd) }
    },
  })),
  issues: issues.map((issue) => placeBriefly(issue, cwd)),
})

/** A path seen from `cwd`, when it leads to something below it. */
export const briefly = (file: string, cwd: string): string => {
  if (isStandardInput(file)) return 'stdin'
  const path = relative(cwd, file)
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path
}

/** An issue with its file seen from `cwd`. */
export const placeBriefly = (issue: Issue, cwd: string): Issue => {
  const { position } = issue
  return position === undefined ? issue : { ...issue, position: { ...position, file: briefly(position.file, cwd) } }
}
