/** `fairway run`: the data plane, from flags to SIGTERM. */
import { guardProcess } from '../app/guard-process.ts'
import { systemClock } from '../lib/clock.ts'
import { createLogger } from '../lib/log.ts'
import { formatFlags } from './arguments.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { decodeRunOptions, runFlags } from './run-options.ts'
import type { Terminal, Verb } from './verb.ts'

const help = `fairway run: the data plane of a waypoint

Examples
  fairway run -f examples/01-canary/objects.yaml                serve a file, with a development CA
  fairway run -f objects.yaml --certs /var/run/secrets/certs    with certificates from files
  fairway run -f objects.yaml --workers 2 --access-log json     two processes, a line for each request
  fairway run -f objects.yaml --access-log text --access-log-filter 'response.code >= 400'
  fairway run -f objects.yaml --flow-log flows.log              who talked to whom, in Hubble's fields
  fairway run -f objects.yaml --tls-groups X25519MLKEM768       with nobody but by post-quantum key exchange
  fairway run -f objects.yaml --upgrade-max-duration 8h         a WebSocket ends after a working day
  fairway run -f objects.yaml --protocol-detection-timeout 1s   less waiting where a Service does not say what it speaks
  fairway run --kube --gateway shop/waypoint                    take objects from a Kubernetes cluster
  fairway run -f a.yaml -f b/ --gateway shop/waypoint --hbone-port 0 --admin-port 0

Usage
  fairway run -f PATH [flags]
  fairway run --kube [flags]

Configuration is watched: a change is in force without a restart, a document that cannot be read leaves the last good
one in force. When it takes traffic it prints one JSON line {"event":"ready",…} on stderr, like everything it says
beside the access log. SIGTERM drains; SIGINT, or a second signal, ends at once; SIGHUP changes nothing.

Exit code 0 when it was ended, 78 when it cannot start as it is told: objects, certificates or the kubeconfig that cannot be
read, a port that is taken.

Flags
${formatFlags(runFlags)}
`

const run = async (args: readonly string[], terminal: Terminal): Promise<ExitCode> => {
  const warnings: string[] = []
  const options = decodeRunOptions(args, terminal, (message) => warnings.push(message))
  const log = createLogger({ write: terminal.log, level: options.logLevel, clock: systemClock })
  for (const message of warnings) log.warn(message)
  guardProcess(log)
  const stop = new AbortController()
  let end = (_isHasty: boolean): void => stop.abort()
  let isEnding = false
  terminal.onSignal((signal) => {
    const isHasty = isEnding || signal === 'SIGINT'
    isEnding = true
    end(isHasty)
  })
  const { startWaypoint } = await import('../app.ts')
  const waypoint = await startWaypoint(options, log, stop.signal)
  if (waypoint !== undefined) {
    end = (isHasty) => void (isHasty ? waypoint.close() : waypoint.drain())
    log.event('ready', waypoint.addresses)
    await waypoint.ended
  }
  log.event('stopped')
  return exitCodes.fine
}

/** The verb for the list of verbs. */
export const runVerb: Verb = { help, flags: runFlags, run }
