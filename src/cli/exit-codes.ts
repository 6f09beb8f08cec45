/** How the program ends, for scripts: the same numbers for every verb (design: sysexits, and istioctl's 79). */
export const exitCodes = {
  fine: 0,
  /** It was tried and did not work; `diff`: the sides differ. */
  failure: 1,
  /** The command line is wrong. */
  usage: 64,
  /** A file or document given as input is wrong. */
  badInput: 65,
  clusterUnreachable: 69,
  notPermitted: 77,
  /** The program's own configuration (certificates, flags that contradict each other, folders) is wrong. */
  badConfiguration: 78,
  /** Findings at or above the threshold. */
  findings: 79,
  policyTestsFailed: 80,
  timedOut: 124,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The same in words, for the reference. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  fine: 'fine',
  failure: 'it was tried and did not work',
  usage: 'the command line is wrong',
  badInput: 'a file or document given as input is wrong',
  clusterUnreachable: 'the cluster cannot be reached',
  notPermitted: 'you, or the program, may not do that',
  badConfiguration:
    'the configuration of the program itself is wrong: certificates, folders, flags that contradict each other',
  findings: 'it worked, and somebody should see to what it found',
  policyTestsFailed: 'tests of policies failed',
  timedOut: 'what was waited for did not come in time',
}
