/**
 * A Kubernetes API server by hand: `node test/support/kube/main.ts [real|stand-in] [--garbage]`, with the kinds of Gateway
 * API and Istio. Says on stdout where it is and which kubeconfig to use, and ends with SIGINT or SIGTERM.
 */
import { once } from 'node:events'
import { defineKinds } from './kinds.ts'
import { startKubeServer } from './kube-server.ts'

const args = process.argv.slice(2)
const kind = args.includes('real') ? 'real' : 'stand-in'
const server = await startKubeServer({ kind, collectsGarbage: args.includes('--garbage') })
await defineKinds(server)
process.stdout.write(`${JSON.stringify({ kind, url: server.url, kubeconfig: server.kubeconfig, dir: server.dir })}\n`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
await server[Symbol.asyncDispose]()
process.exit(0)
