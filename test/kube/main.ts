/**
 * `npm run test:kube`: the suite against kube-apiserver and etcd from the folder that KUBEBUILDER_ASSETS names; files among
 * the arguments stand instead of all, `--long` adds those that take minutes.
 */
import { whyNoRealServer } from '../support/kube/real/real-server.ts'
import { runSuite, suiteFiles } from './support/run-suite.ts'

const chosen = process.argv.slice(2)
const problem = whyNoRealServer()
if (problem === undefined) {
  const isLong = chosen.includes('--long')
  const named = chosen.filter((arg) => !arg.startsWith('-'))
  const files = named.length > 0 ? named : suiteFiles('first', 'second', 'real', ...(isLong ? ['long' as const] : []))
  process.exitCode = runSuite({ kind: 'real', files, isShown: true }).isGood ? 0 : 1
} else process.stdout.write(`test:kube is skipped: ${problem}\n`)
