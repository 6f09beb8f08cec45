import { isThrown, thrownStack } from '../../lib/errors/thrown-text.ts'

/** A frame of a stack trace that stands in a file: `at f (/filters/stamp.ts:3:7)`, `at /filters/stamp.ts:3:7`. */
const FRAME = /(?:\(|at )(?:file:\/\/)?(\/[^()]*?):(\d+):\d+\)?$/

/** A file that a stack goes through, and where. */
interface StackPlace {
  readonly file: string
  readonly line: string
}

/** The files that an error's stack goes through, from the innermost one on. */
export const placesOf = (error: unknown): readonly StackPlace[] => {
  const stack = isThrown(error, Error) ? thrownStack(error) : ''
  return stack.split('\n').flatMap((text) => {
    const [, file, line] = FRAME.exec(text) ?? []
    return file === undefined || line === undefined ? [] : [{ file, line }]
  })
}
