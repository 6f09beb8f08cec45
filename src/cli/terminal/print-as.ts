/** One way for all verbs to print what they found: for people, or as one document for programs. */
import type { Terminal } from '../verb.ts'
import { createColours, type Colours } from './colours.ts'
import { formatTable, type Cell } from './table.ts'

/** What `-o` can ask for. */
export type OutputFormat = 'table' | 'wide' | 'json' | 'yaml' | 'name'

/** What documents of ours say they are, where they are no objects of Kubernetes. */
export const DOCUMENT_API = 'cli.fairway.dev/v1alpha1'

/** How something is to look. */
export interface Look {
  readonly colours: Colours
  /** `wide`: with all there is. */
  readonly isWide: boolean
  /** Rows are cut there; `undefined` where nobody looks at a screen, or all is wanted. */
  readonly maxWidth: number | undefined
}

/** What was found, in each form that somebody may want; what is not asked for is not made. */
export interface Printable {
  /** For people, with a line end. */
  readonly table: (look: Look) => string
  /** For programs: it has `apiVersion` and `kind`, and no secrets. */
  readonly document: () => DocumentHead
  /** `KIND.GROUP/NAME`, one for each object; not given where there are none to name. */
  readonly names?: () => readonly string[]
}

/** What every document begins with. */
export interface DocumentHead {
  readonly apiVersion: string
  readonly kind: string
}

/** Prints to `out` in the format. */
export const printAs = async (format: OutputFormat, found: Printable, { out, env }: Terminal): Promise<void> => {
  switch (format) {
    case 'json':
      return out.write(`${JSON.stringify(found.document(), null, 2)}\n`)
    case 'yaml':
      return out.write(await formatYaml(found.document()))
    case 'name':
      return out.write([...new Set(found.names?.())].map((name) => `${name}\n`).join(''))
    case 'table':
    case 'wide': {
      const maxWidth = out.isTty && format === 'table' ? out.columns() : undefined
      return out.write(found.table({ colours: createColours(out, env), isWide: format === 'wide', maxWidth }))
    }
  }
}

/** One document of YAML as Kubernetes' tools write it. */
export const formatYaml = async (document: unknown): Promise<string> => {
  // Most verbs print tables, and the parser is a third of their start.
  const { stringify } = await import('yaml')
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 })
}

/** `httproute.gateway.networking.k8s.io/api`, as `kubectl get -o name` has it. */
export const formatResourceName = (
  { kind, group }: { readonly kind: string; readonly group: string },
  name: string,
): string => `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}/${name}`

/** The name in `NAMESPACE/NAME`: kubectl takes the namespace by a flag. */
export const nameIn = (key: string): string => key.slice(key.lastIndexOf('/') + 1)

/** A table below its titles; rows are cut where the screen ends. */
export const formatTitled = (
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
  { colours, maxWidth }: Pick<Look, 'colours' | 'maxWidth'>,
): string => {
  const header = titles.map((text) => ({ text, paint: colours.dim }))
  return formatTable([header, ...rows], maxWidth === undefined ? {} : { maxWidth })
}
