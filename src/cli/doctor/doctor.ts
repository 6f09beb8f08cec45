/** `fairway doctor`: what is wrong with a cluster, as far as waypoints are concerned. */
import { formatFlags, parseArguments } from '../arguments.ts'
import type { Verb } from '../verb.ts'
import { doctorFlags } from './doctor-flags.ts'

const help = `fairway doctor: what is wrong with a mesh and its waypoints, why, and what to do about it

Examples
  fairway doctor                                  all that can be checked, in all namespaces
  fairway doctor -n shop                          a namespace, and what all share
  fairway doctor -o short                         findings only, a line each
  fairway doctor -o json | jq '.checks[].findings[]'
                                                  for programs: codes stay the same from version to version
  fairway doctor --suppress FW0705 --failure-threshold error
                                                  what CI may care about
  fairway doctor --explain FW0601                 what a code means, how it comes about, what to do

Usage
  fairway doctor [flags]

It reads the cluster and changes nothing. What it may not read it says; every check that can do without goes on.
Exit code 0 when nothing is found, 79 when something is, 69 when the API server cannot be reached, 78 when the
kubeconfig cannot be used, 124 when --wait gave up.

Flags
${formatFlags(doctorFlags)}
`

/** The verb for the list of verbs. */
export const doctorVerb: Verb = {
  help,
  flags: doctorFlags,
  run: async (args, terminal) => {
    const { flags } = parseArguments(args, doctorFlags)
    const { runDoctor } = await import('./run-doctor.ts')
    return runDoctor(flags, terminal)
  },
}
