/** `fairway waypoint status` of a cluster. */
import type { KubeClient } from '../../../kube/client.ts'
import { systemClock } from '../../../lib/clock.ts'
import { decodeChoice, decodeDuration } from '../../arguments.ts'
import { decodeScope } from '../../cluster/access-flags.ts'
import { exitCodes, type ExitCode } from '../../exit-codes.ts'
import { printAs, type Look, type OutputFormat } from '../../terminal/print-as.ts'
import type { Terminal } from '../../verb.ts'
import { waitReady } from '../apply/wait-ready.ts'
import { selectItems } from '../select-items.ts'
import { namesOf, summarize } from '../status-document.ts'
import { formatLive, liveDocument } from './format-live.ts'
import { loadLiveStatus } from './live-status.ts'

/** What the flags say. */
export interface StatusWish {
  readonly namespace: string | undefined
  readonly 'all-namespaces': boolean
  readonly wait: boolean
  readonly 'waypoint-timeout': string
  readonly output: string
}

export interface StatusTools {
  readonly client: KubeClient
  readonly terminal: Terminal
}

/** Shows it; 79 when something is wrong with a waypoint, or an object that has to do with one. */
export const runLiveStatus = async (
  flags: StatusWish,
  name: string | undefined,
  { client, terminal }: StatusTools,
): Promise<ExitCode> => {
  const format = decodeChoice<OutputFormat>('output', flags.output, ['table', 'wide', 'json', 'yaml', 'name'])
  const timeoutMs = decodeDuration('waypoint-timeout', flags['waypoint-timeout'])
  const namespace = decodeScope(flags, client)
  const first = await loadLiveStatus(client, namespace)
  if (flags.wait) await waitForAll(first.waypoints, timeoutMs, { client, terminal })
  const live = flags.wait ? await loadLiveStatus(client, namespace) : first
  if (live.waypoints.length === 0) {
    const where = namespace === undefined ? 'in the cluster' : `in namespace ${namespace}`
    terminal.err.write(`there are no waypoints ${where}\n`)
  }
  for (const gap of live.gaps) terminal.err.write(`not complete: ${gap}\n`)
  const status =
    live.waypoints.length === 0 && name === undefined
      ? { items: [], silent: new Map<string, number>(), stray: [] }
      : selectItems(live.report, { namespace, name })
  const part = { waypoints: live.waypoints, status, isOfAll: namespace === undefined }
  const found = {
    table: (look: Look) => (live.waypoints.length === 0 ? '' : formatLive(part, look)),
    document: () => liveDocument(part),
    names: () => namesOf(status),
  }
  await printAs(format, found, terminal)
  const isGood =
    summarize(status).withFindings === 0 && live.waypoints.every(({ programmed }) => programmed.status === 'True')
  return isGood ? exitCodes.fine : exitCodes.findings
}

const waitForAll = async (
  waypoints: readonly { readonly namespace: string; readonly name: string }[],
  timeoutMs: number,
  { client, terminal }: StatusTools,
): Promise<void> => {
  const stop = new AbortController()
  const forget = terminal.onSignal(() => stop.abort())
  const endMs = systemClock.monotonicMs() + timeoutMs
  try {
    for (const { namespace, name } of waypoints) {
      const onReason = (reason: string): void => terminal.err.write(`waiting: ${namespace}/${name}: ${reason}\n`)
      const leftMs = Math.max(endMs - systemClock.monotonicMs(), 0)
      await waitReady(client, {
        namespace,
        name,
        timeoutMs: Math.round(leftMs),
        clock: systemClock,
        signal: stop.signal,
        onReason,
      })
    }
  } finally {
    forget()
  }
}
