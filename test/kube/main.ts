/** `npm run test:kube`: the suite against kube-apiserver and etcd from the folder that KUBEBUILDER_ASSETS names. */
import { globSync } from 'node:fs'
import { whyNoRealServer } from '../support/kube/real/real-server.ts'
import { runSuite } from './support/run-suite.ts'

const chosen = process.argv.slice(2)
const problem = whyNoRealServer()
if (problem === undefined) {
  const files = chosen.length > 0 ? chosen : globSync('test/kube/**/*.kube.ts').toSorted()
  process.exitCode = runSuite({ kind: 'real', files, isShown: true }).isGood ? 0 : 1
} else process.stdout.write(`test:kube is skipped: ${problem}\n`)
