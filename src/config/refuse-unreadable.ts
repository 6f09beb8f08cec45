import type { Issue } from '../lib/decoded.ts'
import { formatIssue } from '../lib/format-issue.ts'
import { StartupError } from '../lib/startup-error.ts'

/**
 * Throws `StartupError` (`ECONFIG`) when files could not be read and there is no older version of them: to leave a
 * document out could open what it closes.
 */
export const refuseUnreadable = (issues: readonly Issue[]): void => {
  if (issues.length === 0) return
  throw new StartupError('ECONFIG', `the configuration cannot be read:\n${formatIssues(issues)}`)
}

/** A line for each. */
export const formatIssues = (issues: readonly Issue[]): string =>
  issues.map((issue) => `  ${formatIssue(issue)}`).join('\n')
