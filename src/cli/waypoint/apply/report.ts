/** What is told while something is changed, and what is printed in the end. */
import type { KubeJson } from '../../../kube/client.ts'
import { apiVersionOf } from '../../../kube/resources.ts'
import { escapeControl } from '../../../lib/format-issue.ts'
import { formatDiff, withoutWriters } from '../../cluster/diff-objects.ts'
import { createColours } from '../../terminal/colours.ts'
import { formatResourceName, printAs, type OutputFormat } from '../../terminal/print-as.ts'
import type { Terminal } from '../../verb.ts'
import type { DryRun, ObjectWrite, Preview } from './write-object.ts'

/** What became of an object. */
export type Outcome = 'created' | 'changed' | 'unchanged' | 'deleted'

/** Tells on stderr as it goes, and prints the outcome to stdout. */
export interface Report {
  readonly dryRun: DryRun
  readonly say: (text: string) => void
  readonly warn: (text: string) => void
  /** A new reason to wait on. */
  readonly waiting: (reason: string) => void
  readonly diff: (write: ObjectWrite, preview: Preview) => void
  readonly wrote: (write: Pick<ObjectWrite, 'resource' | 'live'>, after: KubeJson, hasChanged: boolean) => void
  readonly deleted: (resource: ObjectWrite['resource'], object: KubeJson) => void
  readonly print: () => Promise<void>
}

interface Result {
  readonly resource: ObjectWrite['resource']
  readonly object: KubeJson
  readonly outcome: Outcome
}

export const createReport = (
  terminal: Terminal,
  { format, dryRun }: { readonly format: OutputFormat; readonly dryRun: DryRun },
): Report => {
  const { err, env } = terminal
  const colours = createColours(err, env)
  const results: Result[] = []
  const note = (result: Result): void => void results.push(result)
  const line = (text: string): void => err.write(`${text}\n`)
  return {
    dryRun,
    say: (text) => line(escapeControl(text)),
    warn: (text) => line(`${colours.yellow('warning')}: ${escapeControl(text)}`),
    waiting: (reason) => line(`${colours.dim('waiting')}: ${reason}`),
    diff: ({ resource, wanted, live }, { diff }) => {
      const name = escapeControl(titleOf(resource, wanted))
      if (diff.length === 0) line(`${name}: nothing changes`)
      else err.write(formatDiff(`${name}${live === undefined ? ' (new)' : ''}`, diff, colours))
    },
    wrote: ({ resource, live }, object, hasChanged) =>
      note({ resource, object, outcome: live === undefined ? 'created' : hasChanged ? 'changed' : 'unchanged' }),
    deleted: (resource, object) => note({ resource, object, outcome: 'deleted' }),
    print: () => printAs(format, printable(results, dryRun), terminal),
  }
}

const printable = (results: readonly Result[], dryRun: DryRun) => ({
  table: () =>
    results
      .map(({ resource, object, outcome }) => {
        const tried = dryRun === 'none' ? '' : ` (${dryRun} dry run)`
        return `${escapeControl(titleOf(resource, object))} ${outcome}${tried}\n`
      })
      .join(''),
  document: () => ({
    apiVersion: 'v1',
    kind: 'List',
    dryRun,
    results: results.map(({ resource, object, outcome }) => ({
      kind: resource.kind,
      ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
      name: object.metadata.name,
      outcome,
    })),
    items: results.map(({ resource, object }) => ({
      ...withoutWriters({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }),
    })),
  }),
  names: () => results.map(({ resource, object }) => formatResourceName(resource, object.metadata.name)),
})

/** `Gateway shop/waypoint` */
export const titleOf = ({ kind }: ObjectWrite['resource'], { metadata }: KubeJson): string =>
  `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`
